import type { Clock } from "../clock.ts";

/** For how long the API server could not be reached, from the answers to all requests. */
export interface Outage {
  /** What a request that was begun at that moment of `clock.elapsed()` has come to; status 0 is no answer. */
  heard(status: number, begunAt: number): void;
  /** In all up to now, in milliseconds. */
  totalMs(): number;
}

export function createOutage(clock: Clock): Outage {
  let pastMs = 0;
  let since: number | undefined;
  return {
    heard(status, begunAt) {
      // A proxy that finds no server behind it answers with 502 to 504.
      if (status === 0 || status >= 500) since ??= begunAt;
      else if (since !== undefined) {
        pastMs += clock.elapsed() - since;
        since = undefined;
      }
    },
    totalMs: () => pastMs + (since === undefined ? 0 : clock.elapsed() - since),
  };
}
