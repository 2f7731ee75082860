import type { WindowSettings } from "../../gates/window.ts";
import { createOpenings, type Schedule } from "../../schedule/openings.ts";
import { invalidValue } from "../../text/config-error.ts";
import type { OptionTable, ValuesOf } from "../option.ts";
import { choice, cronWindow, days, duration, timeOfDay, timeZone, weekdays } from "../values.ts";

export const windowOptions = {
  "reboot-days": {
    type: weekdays,
    default: "su,mo,tu,we,th,fr,sa",
    repeat: true,
    placeholder: "DAYS",
    help: "Days on which the window starts; may be repeated",
  },
  "start-time": { type: timeOfDay, default: "0:00", placeholder: "TIME", help: "Start of the window" },
  "end-time": {
    type: timeOfDay,
    default: "23:59:59",
    placeholder: "TIME",
    help: "Last second of the window; before the start means on the next day",
  },
  "time-zone": {
    type: timeZone,
    default: "UTC",
    placeholder: "ZONE",
    help: "Zone of the window, of --window where that names none, and of --blackout",
  },
  window: {
    type: cronWindow,
    repeat: true,
    placeholder: "WINDOW",
    help: "A window that opens when the cron expression says, such as 0 2 * * sat#1 for 4h; may be repeated",
  },
  blackout: {
    type: days,
    repeat: true,
    placeholder: "DAYS",
    help: "No window is open from the first day to the end of the last, such as 2026-12-20..2027-01-03; may be repeated",
  },
  "window-margin": {
    type: duration(),
    placeholder: "DURATION",
    help: "No cycle starts in the last part of a window; by default as long as a cycle may take, at most half of the window",
  },
  "window-end": {
    type: choice("restore", "finish"),
    default: "restore",
    placeholder: "restore|finish",
    help: "A drain that passes the end of the window is cancelled and the node restored, or the cycle is finished",
  },
} as const satisfies OptionTable;

type WindowValues = ValuesOf<typeof windowOptions>;

/** A leap year is long enough to see each window that opens every year, or every fourth. */
const leapYear = Date.UTC(2028, 0, 1);

/** `cycleMaxMs`: as long as a cycle may take by the other options. */
export function windowSettings(given: WindowValues, cycleMaxMs: number): WindowSettings {
  const schedule = scheduleOf(given);
  const marginMs = given["window-margin"];
  if (marginMs !== undefined) refuseLongMargin(schedule, marginMs);
  return {
    ...schedule,
    margin: marginMs === undefined ? { cycleMaxMs } : { ms: marginMs },
    atEnd: given["window-end"],
  };
}

/**
 * kured's window counts unless it is the whole week, as it is by default: then it would make --window void.
 */
function scheduleOf(given: WindowValues): Schedule {
  const zone = given["time-zone"];
  const days = [...new Set(given["reboot-days"].flat())];
  const [start, end] = [given["start-time"], given["end-time"]];
  const isWholeWeek = days.length === 7 && start === 0 && end === 86_399;
  return {
    windows: [
      ...(isWholeWeek ? [] : [{ days, start, end, zone }]),
      ...given.window.map((window) => ({ ...window, zone: window.zone ?? zone })),
    ],
    blackouts: given.blackout,
    zone,
  };
}

/** Throws a ConfigError for a margin that no window is longer than. */
function refuseLongMargin({ windows, zone }: Schedule, marginMs: number): void {
  // A blackout may make all windows of one year short, but not those of the years after it.
  const { openings } = createOpenings({ windows, blackouts: [], zone });
  let longestMs = 0;
  for (const { start, end } of openings(leapYear, marginMs)) {
    longestMs = Math.max(longestMs, end - start);
    if (longestMs > marginMs) return;
  }
  if (longestMs === 0) return;
  const rule = `must be shorter than the longest window, which lasts ${longestMs / 1000}s, for example ${Math.floor(longestMs / 2000)}s`;
  throw invalidValue("window-margin", `"${marginMs / 1000}s"`, rule);
}
