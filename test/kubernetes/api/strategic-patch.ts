/**
 * The strategic merge patch, after apimachinery's `util/strategicpatch`: directives `$patch`, `$retainKeys`,
 * `$deleteFromPrimitiveList` and `$setElementOrder`, and the same order of the resulting lists.
 */
import { listStrategies, replacedMaps } from "./merge-keys.ts";
import { clone, equal, type Fields, isFields } from "./object.ts";
import { PatchError } from "./patch.ts";
import { fieldsOf, type Shape } from "./schema.ts";

const deletions = "$deleteFromPrimitiveList/";
const orders = "$setElementOrder/";

export function strategicPatch(type: string, target: Fields, patch: Fields): Fields {
  return mergeMap({ kind: "object", type }, target, patch);
}

function mergeMap(shape: Shape | undefined, target: Fields, patch: Fields): Fields {
  switch (patch["$patch"]) {
    case undefined:
    case "merge":
      break;
    case "replace":
      return clone(without(patch, "$patch"));
    case "delete":
      return {};
    default:
      throw new PatchError(`unknown $patch directive ${patch["$patch"]}`);
  }
  const merged: Fields = { ...target };
  const retained = patch["$retainKeys"];
  if (Array.isArray(retained)) {
    for (const key of Object.keys(merged)) if (!retained.includes(key)) delete merged[key];
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$") && !key.startsWith(deletions) && !key.startsWith(orders)) continue;
    if (key.startsWith(deletions)) {
      const name = key.slice(deletions.length);
      const gone = asList(value);
      merged[name] = asList(merged[name]).filter((item) => !gone.some((other) => equal(item, other)));
    } else if (key.startsWith(orders)) {
      const name = key.slice(orders.length);
      // Where the list is patched too, the order counts there.
      if (!(name in patch)) merged[name] = sortLike(asList(merged[name]), asList(value), keyOf(shape, name));
    } else if (value === null) {
      delete merged[key];
    } else {
      merged[key] = mergeValue(shape, key, merged[key], value, patch[orders + key]);
    }
  }
  return merged;
}

function mergeValue(
  owner: Shape | undefined,
  key: string,
  target: unknown,
  patch: unknown,
  order: unknown,
): unknown {
  const shape = shapeOf(owner, key);
  if (isFields(patch) && owner?.kind === "object" && replacedMaps.has(`${owner.type}.${key}`))
    return clone(patch);
  if (isFields(patch)) return mergeMap(shape, isFields(target) ? target : {}, patch);
  const strategy = owner?.kind === "object" ? listStrategies[owner.type]?.[key] : undefined;
  if (!Array.isArray(patch) || !strategy) return clone(patch);
  const item = shape?.kind === "list" ? shape.of : undefined;
  if ("set" in strategy) {
    const both = [...asList(target), ...patch];
    const merged = both.filter((value, i) => both.findIndex((other) => equal(value, other)) === i);
    return arrange(merged, patch, asList(target), undefined, order);
  }
  return mergeList(item, asList(target), patch, strategy.mergeKey, order);
}

function mergeList(
  item: Shape | undefined,
  target: unknown[],
  patch: unknown[],
  mergeKey: string,
  order: unknown,
) {
  const directive = (value: unknown) => (isFields(value) ? value["$patch"] : undefined);
  if (patch.some((value) => directive(value) === "replace")) {
    return clone(patch.filter((value) => directive(value) !== "replace"));
  }
  let merged = [...target];
  for (const value of patch) {
    if (!isFields(value) || value[mergeKey] === undefined) {
      throw new PatchError(`map: ${JSON.stringify(value)} does not contain declared merge key: ${mergeKey}`);
    }
    const same = (other: unknown) => isFields(other) && equal(other[mergeKey], value[mergeKey]);
    if (directive(value) === "delete") {
      merged = merged.filter((other) => !same(other));
      continue;
    }
    const position = merged.findIndex(same);
    if (position < 0) merged.push(mergeMap(item, {}, value));
    else merged[position] = mergeMap(item, merged[position] as Fields, value);
  }
  const kept = patch.filter((value) => directive(value) !== "delete");
  return arrange(merged, kept, target, mergeKey, order);
}

/** Items of the patch in its order, the others in the order they had, interleaved as well as that can be. */
function arrange(
  merged: unknown[],
  patch: unknown[],
  before: unknown[],
  key: string | undefined,
  order: unknown,
) {
  const place = (items: unknown[], item: unknown) =>
    items.findIndex((other) =>
      key ? isFields(other) && isFields(item) && equal(other[key], item[key]) : equal(other, item),
    );
  const wanted = Array.isArray(order) ? order : patch;
  const fromPatch = sortLike(
    merged.filter((item) => place(wanted, item) >= 0),
    wanted,
    key,
  );
  const others = merged.filter((item) => place(wanted, item) < 0);
  const arranged: unknown[] = [];
  while (others.length > 0 || fromPatch.length > 0) {
    const [other, patched] = [others[0], fromPatch[0]];
    const [left, right] = [place(before, other), place(before, patched)];
    const otherFirst =
      fromPatch.length === 0 || (others.length > 0 && left >= 0 && right >= 0 && left < right);
    arranged.push(otherFirst ? others.shift() : fromPatch.shift());
  }
  return arranged;
}

function sortLike(items: unknown[], order: unknown[], key: string | undefined): unknown[] {
  const place = (item: unknown) =>
    order.findIndex((other) =>
      key && isFields(other) && isFields(item) ? equal(other[key], item[key]) : equal(other, item),
    );
  return [...items].sort((a, b) => place(a) - place(b));
}

function shapeOf(owner: Shape | undefined, key: string): Shape | undefined {
  if (owner?.kind === "map") return owner.of;
  return owner?.kind === "object" ? fieldsOf(owner.type).get(key)?.shape : undefined;
}

function keyOf(owner: Shape | undefined, key: string): string | undefined {
  const strategy = owner?.kind === "object" ? listStrategies[owner.type]?.[key] : undefined;
  return strategy && "mergeKey" in strategy ? strategy.mergeKey : undefined;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function without(value: Fields, key: string): Fields {
  const { [key]: _, ...rest } = value;
  return rest;
}
