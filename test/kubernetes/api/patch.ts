/** JSON patch (RFC 6902) and JSON merge patch (RFC 7386), without side effects: the given document is not changed. */
import { clone, equal, type Fields, isFields } from "./object.ts";

/** An operation cannot be applied to this document. */
export class PatchError extends Error {}

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return clone(patch);
  const merged: Fields = isFields(target) ? { ...target } : {};
  for (const key in patch) {
    const value = patch[key];
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

export interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

export function jsonPatch(document: unknown, operations: Operation[]): unknown {
  const root = { document: clone(document) };
  for (const operation of operations) apply(root, operation);
  return root.document;
}

interface Root {
  document: unknown;
}

function apply(root: Root, { op, path, from, value }: Operation): void {
  switch (op) {
    case "add":
      add(root, path, clone(value));
      return;
    case "replace":
      read(root, path);
      if (path === "") root.document = clone(value);
      else put(root, path, clone(value));
      return;
    case "remove":
      remove(root, path);
      return;
    case "test":
      if (!equal(readOrUndefined(root, path), value ?? undefined))
        throw new PatchError(`test of ${path} failed`);
      return;
    case "copy":
      add(root, path, clone(read(root, from ?? "")));
      return;
    case "move": {
      const moved = read(root, from ?? "");
      remove(root, from ?? "");
      add(root, path, moved);
      return;
    }
    default:
      throw new PatchError(`unknown operation ${op}`);
  }
}

function parsePointer(path: string): string[] {
  if (path === "") return [];
  if (typeof path !== "string" || !path.startsWith("/")) throw new PatchError(`no pointer: ${path}`);
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The container a pointer ends in, and the last key. */
function parent(root: Root, path: string): [Fields | unknown[], string] {
  const keys = parsePointer(path);
  const last = keys.pop();
  if (last === undefined) throw new PatchError("the whole document has no parent");
  let found = root.document;
  for (const key of keys) found = child(found, key, path);
  if (!isFields(found) && !Array.isArray(found)) throw new PatchError(`nothing to hold ${path}`);
  return [found, last];
}

function child(container: unknown, key: string, path: string): unknown {
  const value = Array.isArray(container)
    ? container[index(container, key, container.length - 1)]
    : isFields(container)
      ? container[key]
      : undefined;
  if (value === undefined) throw new PatchError(`${path} does not exist`);
  return value;
}

function index(container: unknown[], key: string, most: number): number {
  if (key === "-") return container.length;
  if (!/^(0|-?[1-9]\d*)$/.test(key)) throw new PatchError(`${key} is no index`);
  // Negative indices count from the end; the library of the real server allows them.
  const position = Number(key) < 0 ? Number(key) + container.length : Number(key);
  if (position < 0 || position > most) throw new PatchError(`index ${key} is out of range`);
  return position;
}

function read(root: Root, path: string): unknown {
  if (path === "") return root.document;
  const [container, key] = parent(root, path);
  return child(container, key, path);
}

function readOrUndefined(root: Root, path: string): unknown {
  if (path === "") return root.document;
  const [container, key] = parent(root, path);
  if (Array.isArray(container)) return container[index(container, key, container.length - 1)];
  return container[key] ?? undefined;
}

function put(root: Root, path: string, value: unknown): void {
  const [container, key] = parent(root, path);
  if (Array.isArray(container)) container[index(container, key, container.length - 1)] = value;
  else container[key] = value;
}

function add(root: Root, path: string, value: unknown): void {
  if (path === "") {
    root.document = value;
    return;
  }
  const [container, key] = parent(root, path);
  if (Array.isArray(container)) container.splice(index(container, key, container.length), 0, value);
  else container[key] = value;
}

function remove(root: Root, path: string): void {
  const [container, key] = parent(root, path);
  if (Array.isArray(container)) {
    container.splice(index(container, key, container.length - 1), 1);
  } else {
    if (container[key] === undefined) throw new PatchError(`${path} does not exist`);
    delete container[key];
  }
}
