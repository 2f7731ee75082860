import type { Clock } from "../time/clock.ts";

/** The API server's clock, which its times are by, as its answers tell it: https://www.rfc-editor.org/rfc/rfc9110#field.date */
export interface ServerClock {
  /** `date` as in the answer to a request that was begun at that moment of `clock.elapsed()`. */
  heard(date: string | undefined, begunAt: number): void;
  /** What it shows when `clock.wall()` shows this; milliseconds since the epoch. The same as long as nothing is known. */
  at(wall: number): number;
}

/** What takes longer may have been told long before it is heard. */
const promptMs = 1000;
/** Answers tell whole seconds; clocks that differ by less are taken for the same. */
const sameMs = 2000;

export function createServerClock(clock: Clock): ServerClock {
  let aheadMs = 0;
  return {
    heard(date = "", begunAt) {
      const told = Date.parse(date);
      if (Number.isNaN(told) || clock.elapsed() - begunAt > promptMs) return;
      aheadMs = told + 500 - clock.wall();
    },
    at: (wall) => (Math.abs(aheadMs) < sameMs ? wall : wall + aheadMs),
  };
}
