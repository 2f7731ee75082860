import type { Clock } from "../../time/clock.ts";
import { dayMs, type SayOnceADay } from "./once-a-day.ts";

/**
 * Called after each look for the things that an option names (`--block-on-query="up == 0"`), with the result.
 */
export type Looked = (option: string, found: boolean) => void;

/** A thing with a correct name may be missing for this time. */
const unmatchedMinMs = 14 * dayMs;

/**
 * Says of an option that it has found nothing for two weeks: its name may have a slip in it, or what it named
 * is called otherwise by now. Looks are only made while a reboot is needed, and a process that starts anew
 * begins to count anew.
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
    say(
      option,
      `${option} has matched nothing for ${days} days, in ${looks + 1} looks: see whether it is spelled right`,
    );
  };
}
