/** Which tiles are shown, in which groups, and how the focus moves among them. Pure. */
import type { NodeTile } from "../wire.ts";
import { byName, isTroubled } from "./fleet.ts";
import { phaseNames } from "./phases.ts";
import type { Filter, Grouping } from "./route.ts";

export interface Group {
  /** Empty for nodes without a zone or pool. */
  key: string;
  names: string[];
}

export function groupKey({ zone, pool, phase }: NodeTile, by: Grouping): string {
  return { zone: zone ?? "", pool: pool ?? "", phase, none: "" }[by];
}

/** The nodes that match, in the order that they have; the nodes without a group are the last. */
export function groupsOf(nodes: Iterable<NodeTile>, by: Grouping, filter: Filter): Group[] {
  const groups = new Map<string, string[]>();
  const matches = matcherOf(filter);
  for (const node of nodes) {
    if (!matches(node)) continue;
    const key = groupKey(node, by);
    const names = groups.get(key);
    if (names === undefined) groups.set(key, [node.name]);
    else names.push(node.name);
  }
  const order = by === "phase" ? byPhase : byName;
  return [...groups]
    .map(([key, names]) => ({ key, names }))
    .sort((a, b) => Number(a.key === "") - Number(b.key === "") || order(a.key, b.key));
}

function byPhase(a: string, b: string): number {
  return phaseNames.indexOf(a) - phaseNames.indexOf(b) || byName(a, b);
}

export function matcherOf({ text, phases, isTroubledOnly }: Filter): (node: NodeTile) => boolean {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return (node) => {
    if (phases.length > 0 && !phases.includes(node.phase)) return false;
    if (isTroubledOnly && !isTroubled(node)) return false;
    if (words.length === 0) return true;
    const { name, zone = "", pool = "", why, troubles } = node;
    const all = [name, zone, pool, ...why, ...troubles].join("\n").toLowerCase();
    return words.every((word) => all.includes(word));
  };
}

export const moveKeys = [
  "ArrowLeft",
  "ArrowRight",
  "ArrowUp",
  "ArrowDown",
  "Home",
  "End",
  "PageUp",
  "PageDown",
] as const;
export type MoveKey = (typeof moveKeys)[number];

/** A place in the groups: the group, and the tile in it. */
export interface Place {
  group: number;
  tile: number;
}

/** The place after the key. Rows have `columns` tiles; each group begins a row of its own. */
export function moved(
  { group, tile }: Place,
  key: MoveKey,
  sizes: readonly number[],
  columns: number,
): Place {
  const last = (sizes[group] ?? 1) - 1;
  const firstOf = (other: number): Place | undefined =>
    (sizes[other] ?? 0) > 0 ? { group: other, tile: 0 } : undefined;
  const lastOf = (other: number): Place | undefined =>
    (sizes[other] ?? 0) > 0 ? { group: other, tile: (sizes[other] ?? 1) - 1 } : undefined;
  const here = { group, tile };
  switch (key) {
    case "ArrowLeft":
      return tile > 0 ? { group, tile: tile - 1 } : (lastOf(group - 1) ?? here);
    case "ArrowRight":
      return tile < last ? { group, tile: tile + 1 } : (firstOf(group + 1) ?? here);
    case "ArrowUp":
      return tile >= columns ? { group, tile: tile - columns } : (above() ?? here);
    case "ArrowDown":
      return below() ?? here;
    case "Home":
      return { group, tile: 0 };
    case "End":
      return { group, tile: last };
    case "PageUp":
      return firstOf(group - 1) ?? { group, tile: 0 };
    case "PageDown":
      return firstOf(group + 1) ?? { group, tile: last };
    default:
      return key satisfies never;
  }

  /** The last row of the group above, in the same column or as near as it goes. */
  function above(): Place | undefined {
    const size = sizes[group - 1] ?? 0;
    if (size === 0) return undefined;
    const rowStart = Math.floor((size - 1) / columns) * columns;
    return { group: group - 1, tile: Math.min(size - 1, rowStart + (tile % columns)) };
  }

  function below(): Place | undefined {
    if (tile + columns <= last) return { group, tile: tile + columns };
    // A shorter last row has a tile as near as it goes.
    if (Math.floor(last / columns) > Math.floor(tile / columns)) return { group, tile: last };
    const size = sizes[group + 1] ?? 0;
    return size === 0 ? undefined : { group: group + 1, tile: Math.min(size - 1, tile % columns) };
  }
}
