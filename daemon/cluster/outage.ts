import type { Clock } from "../time/clock.ts";

/** The time for which the API server could not be reached, derived from the answers to all requests. */
export interface Outage {
  /**
   * Takes the status of a request that began at `begunAt`, by `clock.elapsed()`; status 0 means no answer.
   */
  observe(status: number, begunAt: number): void;
  /** The sum up to now, in milliseconds. */
  totalMs(): number;
  /**
   * Resolves when the server answers again after some seconds without it, or when the signal ends the wait: what has
   * backed off meanwhile need not wait any longer.
   */
  ended(signal: AbortSignal): Promise<void>;
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
/** A shorter end is no reason to ask again: requests of one kind may have no answer, and others do. */
const endedAfterMs = 10_000;
/** No answer, or a proxy without a server behind it, or with a server that does not answer. */
const away = [0, 502, 504];

export function createOutage(clock: Clock): Outage {
  let pastMs = 0;
  let failing: { since: number; until: number } | undefined;
  const waiting = new Set<() => void>();
  const lastedMs = () =>
    failing === undefined ? 0 : Math.min(clock.elapsed(), failing.until) - failing.since;
  return {
    observe(status, begunAt) {
      if (status === 0 || status >= 500) {
        const until = clock.elapsed() + (away.includes(status) ? unaskedMs : failedUnaskedMs);
        failing = { since: failing?.since ?? begunAt, until };
      } else {
        pastMs += lastedMs();
        const hasEnded = failing !== undefined && clock.elapsed() - failing.since >= endedAfterMs;
        failing = undefined;
        if (hasEnded) for (const resolve of waiting) resolve();
      }
    },
    totalMs: () => pastMs + lastedMs(),
    async ended(signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (signal.aborted) resolve();
      await promise;
      waiting.delete(resolve);
    },
  };
}
