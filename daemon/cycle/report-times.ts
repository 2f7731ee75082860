import { momentsOf, onTheWall } from "../time/both-clocks.ts";
import type { Clock } from "../time/clock.ts";
import { rewordDelayMs } from "./reasons.ts";

const keptMax = 10;

/** When this process has written on the Node why it waits. */
export interface ReportTimes {
  /** It has done so now. */
  add(): void;
  /** The number of times within the last so many milliseconds. */
  within(ms: number): number;
  /**
   * When the words alone may be written again; milliseconds since the epoch. Undefined while it has
   * written nothing.
   */
  rewordAt(): number | undefined;
}

export function createReportTimes(clock: Clock): ReportTimes {
  let moments: readonly number[] = [];
  const within = (ms: number) => moments.filter((moment) => clock.elapsed() - moment < ms).length;
  return {
    within,
    add() {
      moments = [...moments, clock.elapsed()].slice(-keptMax);
    },
    rewordAt() {
      const last = moments.at(-1);
      if (last === undefined) return undefined;
      return onTheWall(last + rewordDelayMs(within(3_600_000)), momentsOf(clock));
    },
  };
}
