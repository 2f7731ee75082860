/** The shape every stored object has, and the few ways in which untyped fields are read. */

export type Fields = Record<string, unknown>;

export interface ObjectMeta {
  name: string;
  namespace?: string | undefined;
  generateName?: string | undefined;
  uid: string;
  resourceVersion: string;
  generation?: number | undefined;
  creationTimestamp: string;
  deletionTimestamp?: string | undefined;
  deletionGracePeriodSeconds?: number | undefined;
  labels?: Record<string, string> | undefined;
  annotations?: Record<string, string> | undefined;
  finalizers?: string[] | undefined;
  ownerReferences?: Fields[] | undefined;
}

/** Stored objects are never changed in place: watches, lists and the history share them. */
export interface KubeObject extends Fields {
  metadata: ObjectMeta;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The map at `value`, or an empty one. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** The value below the given keys, or undefined as soon as one is missing. */
export function at(value: unknown, ...keys: string[]): unknown {
  let found = value;
  for (const key of keys) {
    if (!isFields(found)) return undefined;
    found = found[key];
  }
  return found;
}

/** The map below the given keys; it is made where it is missing. */
export function ensure(target: Fields, ...keys: string[]): Fields {
  let found = target;
  for (const key of keys) {
    const next = found[key];
    if (isFields(next)) {
      found = next;
    } else {
      const made: Fields = {};
      found[key] = made;
      found = made;
    }
  }
  return found;
}

export function clone<T>(value: T): T {
  if (Array.isArray(value)) return value.map(clone) as T;
  if (!isFields(value)) return value;
  const copy: Fields = {};
  for (const key in value) copy[key] = clone((value as Fields)[key]);
  return copy as T;
}

/** Deep equality of JSON values; a key that is undefined counts as absent. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((value, i) => equal(value, b[i]));
  }
  if (!isFields(a) || !isFields(b)) return false;
  for (const key in a) if (!equal(a[key], b[key])) return false;
  for (const key in b) if (a[key] === undefined && b[key] !== undefined) return false;
  return true;
}
