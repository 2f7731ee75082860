import type { Clock } from "../../time/clock.ts";
import { dayMs, type SayOnceADay } from "./once-a-day.ts";

/** Called for each look with an option (`--block-on-query="up == 0"`), and whether anything matched it. */
export type Looked = (option: string, found: boolean) => void;

/** A thing may well be away this long although its name is right. */
const unmatchedMinMs = 14 * dayMs;

/**
 * Reports an option that has matched nothing for two weeks: its value may have a typo, or the thing has a new
 * name. Looks happen only while a reboot is needed, and a new process begins to count at 0.
 */
export function createUnmatched(clock: Clock, say: SayOnceADay): Looked {
  const nothingSince = new Map<string, { at: number; looks: number }>();
  return (option, found) => {
    if (found) {
      nothingSince.delete(option);
      return;
    }
    const now = clock.elapsed();
    const { at, looks } = nothingSince.get(option) ?? { at: now, looks: 0 };
    nothingSince.set(option, { at, looks: looks + 1 });
    if (now - at < unmatchedMinMs) return;
    const days = Math.floor((now - at) / dayMs);
    const matched = `${option} has matched nothing for ${days} days, in ${looks + 1} looks`;
    say(option, `${matched}: check its spelling`);
  };
}
