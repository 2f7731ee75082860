import type { Clock } from "../../time/clock.ts";
import type { SayOnceADay } from "./once-a-day.ts";

/** Smaller differences are normal: an answer takes time, and its date has whole seconds. */
const skewMinMs = 120_000;

/**
 * Reports that the clocks of a server and of this node are minutes apart. `date` is in milliseconds since the
 * epoch.
 */
export function createSkewNotice(clock: Clock, say: SayOnceADay): (server: string, date: number) => void {
  return (server, date) => {
    const aheadMs = clock.wall() - date;
    if (Math.abs(aheadMs) < skewMinMs) return;
    const minutes = Math.round(Math.abs(aheadMs) / 60_000);
    const where = aheadMs > 0 ? "ahead of" : "behind";
    const what = `the clock of this node is ${minutes} minutes ${where} that of ${server}`;
    say(`clock ${server}`, `${what}; windows, blackouts and pauses go by this node's`);
  };
}
