import type { Clock } from "../clock.ts";

/** For how long the API server could not be reached, from the answers to all requests. */
export interface Outage {
  /** What a request that was begun at that moment of `clock.elapsed()` has come to; status 0 is no answer. */
  heard(status: number, begunAt: number): void;
  /** In all up to now, in milliseconds. */
  totalMs(): number;
}

/**
 * While nobody asks, a server that has failed is taken to fail for so long more: where it fails for one kind of request alone, the others
 * show that it can be reached, but they may be rare.
 */
const unaskedMs = 10_000;

export function createOutage(clock: Clock): Outage {
  let pastMs = 0;
  let failing: { since: number; lastAt: number } | undefined;
  const lastedMs = () =>
    failing === undefined ? 0 : Math.min(clock.elapsed(), failing.lastAt + unaskedMs) - failing.since;
  return {
    heard(status, begunAt) {
      // A proxy that finds no server behind it answers with 502 to 504.
      if (status === 0 || status >= 500) {
        failing = { since: failing?.since ?? begunAt, lastAt: clock.elapsed() };
      } else {
        pastMs += lastedMs();
        failing = undefined;
      }
    },
    totalMs: () => pastMs + lastedMs(),
  };
}
