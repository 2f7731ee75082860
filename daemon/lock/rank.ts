import { type Priority, parsePriority, priorities } from "../annotations/priority.ts";
import type { Random } from "../time/clock.ts";
import type { Waiting } from "./limits.ts";

/** The place of a waiting node among all that wait, as it knows it without asking any of them. */
export interface Rank {
  priority: Priority;
  waitedMs: number;
  /** The time since its last cycle left the lock; undefined if that is unknown. */
  leftMs?: number | undefined;
  /** The time since the need of the last entrant; undefined if no node was seen to enter. */
  lastEntrantWaitMs?: number | undefined;
  /** At most so many nodes can be waiting. */
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

/** The other nodes have seen a write after this time. */
export const scaleMs = 110;
const weightMax = 16;
/** The assumed wait of the last entrant if no node was seen to enter, as after a restart. */
const unknownEntrantWaitMs = 3_600_000;

/**
 * The delay in which a node lets others go first when a slot is free; milliseconds. Each priority has a
 * stretch of time of its own, the high one first. The last stretch is for nodes that have had a slot since
 * the last entrant began to wait: others may have waited as long. Within a stretch the draw is an exponential
 * race: the chance to be first grows with the fourth power of the waiting time. The logarithm spreads the
 * draws such that, however many nodes wait, the first comes early and only few come within `scaleMs` after it
 * (the timers of Nonnenmacher and Biersack, "Scalable Feedback for Large Groups", 1999).
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

/** The weight is bounded: otherwise thousands of nodes that have waited long would all come first. */
function weightOf(ratio: number): number {
  return Math.min(weightMax, Math.max(1 / weightMax, ratio ** 4));
}
