/** The fleet as the page knows it: what the server sent first, and the changes since. Pure. */
import type { ChangeMessage, FleetHead, FleetMessage, NodeTile } from "../wire.ts";
import { phaseNames } from "./phases.ts";

export interface Fleet {
  head: FleetHead;
  /** By name, in the order of {@link byName}. */
  nodes: ReadonlyMap<string, NodeTile>;
}

const collator = new Intl.Collator("en", { numeric: true });

/** Numbers in names count as numbers: worker-9 is before worker-10. */
export function byName(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : 1);
}

export function fleetOf({ nodes, ...head }: FleetMessage): Fleet {
  const sorted = nodes.toSorted((a, b) => byName(a.name, b.name));
  return { head, nodes: new Map(sorted.map((node) => [node.name, node])) };
}

/** The fleet after the change. Nodes that were not known before are put in their place. */
export function withChange(fleet: Fleet, { nodes, gone, ...head }: ChangeMessage): Fleet {
  const all = new Map(fleet.nodes);
  for (const name of gone) all.delete(name);
  const isNew = nodes.some(({ name }) => !all.has(name));
  for (const node of nodes) all.set(node.name, node);
  const sorted = isNew ? new Map([...all].sort(([a], [b]) => byName(a, b))) : all;
  return { head, nodes: sorted };
}

/** True if a person should look at it: a trouble, or an end that was not meant. */
export function isTroubled({ phase, troubles }: NodeTile): boolean {
  return troubles.length > 0 || ["Failed", "Gone", "Unknown"].includes(phase);
}

export interface Counts {
  nodes: number;
  troubled: number;
  holders: number;
  needReboot: number;
  /** The number for each phase that a node is in, in the order of {@link phaseNames}, then others. */
  phases: ReadonlyMap<string, number>;
}

export function countsOf(nodes: Iterable<NodeTile>): Counts {
  const phases = new Map<string, number>(phaseNames.map((phase) => [phase, 0]));
  const counts = { nodes: 0, troubled: 0, holders: 0, needReboot: 0 };
  for (const node of nodes) {
    counts.nodes += 1;
    counts.troubled += Number(isTroubled(node));
    counts.holders += Number(node.holdsSlot);
    counts.needReboot += Number(node.neededSince !== undefined);
    phases.set(node.phase, (phases.get(node.phase) ?? 0) + 1);
  }
  return { ...counts, phases: new Map([...phases].filter(([, number]) => number > 0)) };
}

/** Nodes that keep all others waiting first, then failures, then the oldest. */
export function troublesFirst(nodes: Iterable<NodeTile>): NodeTile[] {
  return [...nodes]
    .filter(isTroubled)
    .sort((a, b) => rankOf(a) - rankOf(b) || timeOf(a) - timeOf(b) || byName(a.name, b.name));
}

function rankOf({ holdsSlot, phase }: NodeTile): number {
  if (holdsSlot) return 0;
  return phase === "Failed" ? 1 : 2;
}

function timeOf({ since, neededSince }: NodeTile): number {
  const time = Date.parse(since ?? neededSince ?? "");
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
}
