import type { Clock } from "../time/clock.ts";

/**
 * The API server's clock, derived from the dates of its answers:
 * https://www.rfc-editor.org/rfc/rfc9110#field.date
 */
export interface ServerClock {
  /** Takes the date of the answer to a request that began at `begunAt`, by `clock.elapsed()`. */
  observe(date: string | undefined, begunAt: number): void;
  /**
   * The server's time at the local time `wall`; milliseconds since the epoch. The local time if nothing is
   * known.
   */
  at(wall: number): number;
}

/** The date of a slower answer may be old. */
const promptMs = 1000;
/** A smaller difference is ignored: the dates of answers are whole seconds. */
const sameMs = 2000;

export function createServerClock(clock: Clock): ServerClock {
  let aheadMs = 0;
  return {
    observe(date = "", begunAt) {
      const serverTime = Date.parse(date);
      if (Number.isNaN(serverTime) || clock.elapsed() - begunAt > promptMs) return;
      aheadMs = serverTime + 500 - clock.wall();
    },
    at: (wall) => (Math.abs(aheadMs) < sameMs ? wall : wall + aheadMs),
  };
}
