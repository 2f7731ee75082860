import { type Priority, parsePriority, priorities } from "../annotations/priority.ts";
import type { Random } from "../time/clock.ts";
import type { Waiting } from "./limits.ts";

/** What a waiting node knows of its place among all that wait, without asking any of them. */
export interface Rank {
  priority: Priority;
  waitedMs: number;
  /** How long ago its last cycle has left the lock; undefined where that is not known. */
  leftMs?: number | undefined;
  /** How long the node that entered last has waited up to now; undefined where nobody was seen to enter. */
  lastEntrantWaitMs?: number | undefined;
  /** No more than these can be waiting. */
  clusterSize: number;
}

/** The rank at `now`, in milliseconds since the epoch. `lastEntrantNeededSince` is RFC 3339. */
export function rankOf(
  waiting: Pick<Waiting, "priority" | "neededSince" | "leftAt"> | undefined,
  lastEntrantNeededSince: string | undefined,
  clusterSize: number,
  now: number,
): Rank {
  const agoMs = (time: string | undefined) => Math.max(0, now - Date.parse(time ?? ""));
  return {
    priority: parsePriority(waiting?.priority) ?? "normal",
    waitedMs: agoMs(waiting?.neededSince) || 0,
    leftMs: waiting?.leftAt === undefined ? undefined : agoMs(waiting.leftAt),
    lastEntrantWaitMs: agoMs(lastEntrantNeededSince) || undefined,
    clusterSize,
  };
}

/** Within this time of a write the others have seen it. */
const scaleMs = 110;
const weightMax = 16;
/** Where nobody was seen to enter, as after a restart, others may have waited for so long. */
const unknownEntrantWaitMs = 3_600_000;

/**
 * How long a node lets others go first when a slot is free; milliseconds. Each priority has a stretch of time of its own,
 * the high one first. Behind them all is that of nodes that have had a slot since the one that entered last began to wait: others may wait
 * as long. Within it the draw is an exponential race: the chance to be first grows with the fourth power of the waiting time. The logarithm spreads the draws such that, however many wait, the first comes early and only few come within
 * `scaleMs` after it (the timers of Nonnenmacher and Biersack, "Scalable Feedback for Large Groups", 1999).
 */
export function turnDelayMs(rank: Rank, random: Random): number {
  const { priority, waitedMs, leftMs = Number.POSITIVE_INFINITY, lastEntrantWaitMs, clusterSize } = rank;
  const stretchMs = scaleMs * Math.log1p(clusterSize);
  const hasHadItsTurn = leftMs < (lastEntrantWaitMs ?? unknownEntrantWaitMs);
  const stretch = hasHadItsTurn ? priorities.length : priorities.indexOf(priority);
  const ratio = Math.min(waitedMs, leftMs) / Math.max(lastEntrantWaitMs ?? 1, 1);
  const weight = lastEntrantWaitMs === undefined ? 1 : weightOf(ratio);
  // The smallest of `weight` draws.
  const draw = 1 - (1 - random()) ** (1 / weight);
  return stretch * stretchMs + scaleMs * Math.log1p(clusterSize * draw);
}

/** Bounded, as otherwise thousands that have waited long would all come first. */
function weightOf(ratio: number): number {
  return Math.min(weightMax, Math.max(1 / weightMax, ratio ** 4));
}
