import type { Clock } from "../time/clock.ts";

/** The time for which the API server could not be reached, derived from the answers to all requests. */
export interface Outage {
  /**
   * Takes the status of a request that began at `begunAt`, by `clock.elapsed()`; status 0 means no answer.
   */
  observe(status: number, begunAt: number): void;
  /** The sum up to now, in milliseconds. */
  totalMs(): number;
}

/**
 * Without new requests, an unreachable server counts as unreachable for this time: the longest pause of a
 * loop between two tries.
 */
const unaskedMs = 75_000;
/**
 * A server error counts for a shorter time: it may concern only one kind of request, while other requests are
 * rare.
 */
const failedUnaskedMs = 10_000;
/** No answer, or a proxy without a server behind it, or with a server that does not answer. */
const away = [0, 502, 504];

export function createOutage(clock: Clock): Outage {
  let pastMs = 0;
  let failing: { since: number; until: number } | undefined;
  const lastedMs = () =>
    failing === undefined ? 0 : Math.min(clock.elapsed(), failing.until) - failing.since;
  return {
    observe(status, begunAt) {
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
