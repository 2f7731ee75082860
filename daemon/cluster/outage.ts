import type { Clock } from "../time/clock.ts";

/** For how long the API server could not be reached, from the answers to all requests. */
export interface Outage {
  /** What a request that was begun at that moment of `clock.elapsed()` has come to; status 0 is no answer. */
  heard(status: number, begunAt: number): void;
  /** In all up to now, in milliseconds. */
  totalMs(): number;
}

/** While nobody asks, a server that could not be reached is taken for away as long as any loop rests between two tries. */
const unaskedMs = 75_000;
/** One that has answered with an error may fail for one kind of request alone, while those of others are rare. */
const failedUnaskedMs = 10_000;
/** No answer; or a proxy has found no server behind it, or none that answers. */
const away = [0, 502, 504];

export function createOutage(clock: Clock): Outage {
  let pastMs = 0;
  let failing: { since: number; until: number } | undefined;
  const lastedMs = () =>
    failing === undefined ? 0 : Math.min(clock.elapsed(), failing.until) - failing.since;
  return {
    heard(status, begunAt) {
      if (status === 0 || status >= 500) {
        const until = clock.elapsed() + (away.includes(status) ? unaskedMs : failedUnaskedMs);
        failing = { since: failing?.since ?? begunAt, until };
      } else {
        pastMs += lastedMs();
        failing = undefined;
      }
    },
    totalMs: () => pastMs + lastedMs(),
  };
}
