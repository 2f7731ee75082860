import type { Random } from "./clock.ts";

export interface BackoffLimits {
  firstMs: number;
  maxMs: number;
}

/**
 * The pause before try number `attempt` (1 is the first retry), in milliseconds: doubled each time, up to
 * `maxMs`.
 */
export function doubledMs(attempt: number, { firstMs, maxMs }: BackoffLimits): number {
  return Math.min(firstMs * 2 ** Math.min(Math.max(attempt - 1, 0), 30), maxMs);
}

/**
 * The same, minus a random part of up to a half, so that many clients that failed together do not retry
 * together.
 */
export function backoffMs(attempt: number, limits: BackoffLimits, random: Random): number {
  return doubledMs(attempt, limits) * (1 - random() / 2);
}
