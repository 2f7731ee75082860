import type { Random } from "./clock.ts";

export interface BackoffLimits {
  firstMs: number;
  maxMs: number;
  /** How many times longer each pause is than the one before; 2 by default. */
  factor?: number;
}

/**
 * The pause before try number `attempt` (1 is the first retry), in milliseconds: longer each time, up to
 * `maxMs`.
 */
export function grownMs(attempt: number, { firstMs, maxMs, factor = 2 }: BackoffLimits): number {
  return Math.min(firstMs * factor ** Math.min(Math.max(attempt - 1, 0), 30), maxMs);
}

/**
 * The same, minus a random part of up to a half, so that many clients that failed together do not retry
 * together.
 */
export function backoffMs(attempt: number, limits: BackoffLimits, random: Random): number {
  return grownMs(attempt, limits) * (1 - random() / 2);
}
