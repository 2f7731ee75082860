/** Which starts the lot decides: among waiting nodes of one priority the order is drawn. Pure. */
import { parsePriority } from "../annotations/priority.ts";
import type { VirtualNode } from "./node.ts";
import type { Timeline } from "./timeline.ts";

/** Milliseconds since the epoch. */
export interface Lot {
  earliest: number;
  latest: number;
}

/** Starts that are so close together are one for people. */
const sameMs = 60_000;

/**
 * For each node whose place may be another one: the first and the last slot that may become its own. Nodes that wait at one
 * time may change places, and so may all that wait together with any of them. A node that waits to the end starts there.
 */
export function lotsOf(
  nodes: readonly VirtualNode[],
  { until, last }: Pick<Timeline, "until" | "last">,
): ReadonlyMap<VirtualNode, Lot> {
  const lots = new Map<VirtualNode, Lot>();
  const queued = nodes.flatMap((node) => {
    const { cycle, queuesSince = Number.POSITIVE_INFINITY } = node;
    const isHeldBack = cycle === undefined && last.get(node)?.reasons?.some(isOther) === true;
    return queuesSince < until && !isHeldBack
      ? [{ node, queuedAt: queuesSince, startsAt: cycle?.startsAt ?? until }]
      : [];
  });
  for (const rivals of Map.groupBy(
    queued,
    ({ node }) => parsePriority(node.facts.priority) ?? "normal",
  ).values()) {
    const starts = rivals.map(({ startsAt }) => startsAt).sort((a, b) => a - b);
    const latestAfter = endOfRun(rivals);
    for (const { node, queuedAt, startsAt } of rivals) {
      if (node.cycle === undefined) continue;
      const earliest = starts[countBelow(starts, queuedAt)] ?? startsAt;
      const latest = latestAfter(startsAt);
      if (startsAt - earliest > sameMs || latest - startsAt > sameMs) lots.set(node, { earliest, latest });
    }
  }
  return lots;
}

/** A reason that neither the time nor a slot ends. */
function isOther({ gate }: { gate: string }): boolean {
  return gate !== "window" && gate !== "lock";
}

/** The last start of those that wait together from that moment on. */
function endOfRun(rivals: readonly { queuedAt: number; startsAt: number }[]): (from: number) => number {
  const byQueue = rivals.toSorted((a, b) => a.queuedAt - b.queuedAt);
  const queuedAt = byQueue.map((one) => one.queuedAt);
  let last = Number.NEGATIVE_INFINITY;
  const lastStart = byQueue.map(({ startsAt }) => {
    last = Math.max(last, startsAt);
    return last;
  });
  return (from) => {
    for (let end = from; ; ) {
      const next = lastStart[countBelow(queuedAt, end + 1) - 1] ?? end;
      if (next <= end) return end;
      end = next;
    }
  };
}

/** How many of the sorted values are below that. */
function countBelow(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
