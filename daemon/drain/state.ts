import type { ObjectName } from "../cluster/objects.ts";
import type { LeftCode } from "./stuck.ts";

/** How far the drain is, which runs beside the loop. */
export type DrainState =
  | { state: "none" }
  | Running
  /** No pod is left, but volumes of those that went are still attached. */
  | { state: "detaching"; volumes: readonly string[] }
  /** `at`: since when; in milliseconds of `clock.elapsed()`. */
  | { state: "done"; at: number }
  /** `isBlind`: it could not see the pods, so that nothing is known of those that remain. */
  | { state: "failed"; why: string; isBlind?: true };

export interface Running {
  state: "running";
  /** The pods of the node have been listed since this drain began. */
  isListed: boolean;
  podsLeft: number;
  /** All of them, counted by the reason why they remain. */
  left: Readonly<Partial<Record<LeftCode, number>>>;
  /** Some of them, each with the reason. */
  blocked: readonly string[];
  /** The first ones that do not go by themselves; none before {@link delayedMs}. */
  heldUp: readonly HeldUp[];
  /** Why the pods cannot be seen at this moment. */
  trouble: string | undefined;
  /**
   * The shortest grace of the terminating pods that is longer than the whole time of the drain; in seconds.
   */
  slowGraceSeconds: number | undefined;
}

/** A pod that delays the drain, with the budgets that refuse its eviction. */
export interface HeldUp {
  pod: ObjectName;
  why: string;
  budgets: readonly ObjectName[];
}

/** Most drains take less time, whatever refuses at first. */
export const delayedMs = 90_000;

/**
 * Reports of a drain come more and more rarely, the longer it has lasted: each is for people, and costs the
 * server a write.
 */
const reportPause = { leastMs: 30_000, share: 0.1 };

/** The pause after a report of a drain that has lasted so long, in milliseconds. */
export function reportPauseMs(lastedMs: number): number {
  return Math.max(reportPause.leastMs, lastedMs * reportPause.share);
}
