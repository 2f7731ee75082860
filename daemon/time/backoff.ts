import type { Random } from "./clock.ts";

export interface BackoffLimits {
  firstMs: number;
  maxMs: number;
}

/**
 * The pause before try number `attempt` (1 is the first retry): doubled each time up to `maxMs`, of which
 * a random half is taken off, so that many clients that failed together do not come back together.
 */
export function backoffMs(attempt: number, limits: BackoffLimits, random: Random): number {
  const full = Math.min(limits.firstMs * 2 ** Math.min(attempt - 1, 30), limits.maxMs);
  return full * (1 - random() / 2);
}
