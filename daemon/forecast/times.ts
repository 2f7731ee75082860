/** How long the parts of a cycle take on each node, as far as the cluster has learned it. Pure. */

import type { Policy } from "../cycle/decision.ts";
import { total } from "../cycle/history.ts";
import type { CycleRecord } from "../cycle/record.ts";
import type { Part } from "../cycle/took.ts";
import type { ForecastNode } from "./input.ts";

/** In milliseconds, without the delays that the options set. */
export interface CycleTimes {
  /** From the cordon until the node is empty. */
  drainMs: number;
  /** From the request to reboot to the new boot. */
  bootMs: number;
  /** From the new boot until the node is Ready. */
  returnMs: number;
}

const parts = ["drain", "boot", "return"] as const satisfies readonly Part[];
type LearnedPart = (typeof parts)[number];

/** Used if no node of the cluster has had a cycle yet; the part of the return is without --ready-settle. */
export const defaultTimes: Readonly<Record<LearnedPart, number>> = {
  drain: 5 * 60_000,
  boot: 3 * 60_000,
  return: 60_000,
};

/** The number of nodes whose times are their own, the median of others, or the defaults. */
export interface TimesFrom {
  own: number;
  median: number;
  default: number;
}

/** `poolOf` names the pool of a node; undefined where that is not known. */
export function learnTimes(
  nodes: readonly ForecastNode[],
  policyOf: (node: ForecastNode) => Policy | undefined,
  poolOf: (node: ForecastNode) => string | undefined,
): { of: (node: ForecastNode) => CycleTimes; from: TimesFrom } {
  const own = new Map(nodes.map((node) => [node, ownTimes(node, policyOf(node))] as const));
  const inPools = Map.groupBy(nodes, poolOf);
  const medianIn = (some: readonly ForecastNode[], part: LearnedPart) =>
    median(some.flatMap((node) => own.get(node)?.[part] ?? []));
  const all = mapParts((part) => medianIn(nodes, part));
  const ofPool = new Map(
    [...inPools].map(
      ([pool, some]) => [pool, mapParts((part) => medianIn(some, part) ?? all[part])] as const,
    ),
  );
  const from: TimesFrom = { own: 0, median: 0, default: 0 };
  const times = new Map<ForecastNode, CycleTimes>();
  for (const node of nodes) {
    const known = own.get(node) ?? {};
    const usual = ofPool.get(poolOf(node)) ?? all;
    const source = parts.every((part) => known[part] !== undefined)
      ? "own"
      : parts.every((part) => (known[part] ?? usual[part]) !== undefined)
        ? "median"
        : "default";
    from[source] += 1;
    const msOf = (part: LearnedPart) => known[part] ?? usual[part] ?? defaultTimes[part];
    times.set(node, { drainMs: msOf("drain"), bootMs: msOf("boot"), returnMs: msOf("return") });
  }
  return { of: (node) => times.get(node) as CycleTimes, from };
}

type Known = Readonly<Partial<Record<LearnedPart, number | undefined>>>;

function mapParts(of: (part: LearnedPart) => number | undefined): Known {
  return Object.fromEntries(parts.map((part) => [part, of(part)] as const));
}

/** The last drain tells more of the next one than the drains of years; reboots are all alike. */
function ownTimes({ record }: ForecastNode, policy: Policy | undefined): Known {
  if (record === undefined || policy === undefined) return {};
  const { drainDelayMs, rebootDelayMs, readySettleMs } = policy;
  const drained =
    record.lastDrainMs === undefined ? mean(record, "drain") : record.lastDrainMs - drainDelayMs;
  return {
    drain: without(drained, rebootDelayMs),
    boot: mean(record, "boot"),
    return: without(mean(record, "return"), readySettleMs),
  };
}

function without(ms: number | undefined, setMs: number): number | undefined {
  return ms === undefined ? undefined : Math.max(0, ms - setMs);
}

function mean({ history }: CycleRecord, part: LearnedPart): number | undefined {
  const { counts, sumMs } = history?.parts[part] ?? { counts: [], sumMs: 0 };
  const times = total(counts);
  return times === 0 ? undefined : sumMs / times;
}

/** The lower one of the two in the middle. */
function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
