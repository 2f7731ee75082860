import type { Clock } from "../../time/clock.ts";
import type { SayOnceADay } from "./once-a-day.ts";

/** Less is nothing to speak of: an answer takes its time, and tells its own in whole seconds. */
const skewMinMs = 120_000;

/**
 * Says that a server's clock (milliseconds since the epoch, as in its answer) and this node's are minutes
 * apart.
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
