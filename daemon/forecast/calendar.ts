import { createOpenings, isAlwaysOpen, type Schedule } from "../schedule/openings.ts";
import { iso } from "../time/iso.ts";
import type { ForecastDaemon } from "./input.ts";
import type { ForecastWindow } from "./result.ts";

/** More than a year of daily windows; for each kind of daemons. */
const windowsMax = 1000;

export interface ForecastCalendar {
  windows: readonly ForecastWindow[];
  blackouts: readonly ForecastWindow[];
  /** There are more than are listed. */
  isCut: boolean;
}

/** The windows and blackouts in a time, in order. Daemons with the same ones share them. */
export function calendarOf(
  daemons: readonly ForecastDaemon[],
  from: number,
  until: number,
): ForecastCalendar {
  const schedules = new Map<string, { names: string[]; schedule: Schedule }>();
  for (const { name, window } of daemons) {
    const { windows, blackouts, zone } = window;
    const known = schedules.get(JSON.stringify([windows, blackouts, zone]));
    if (known === undefined)
      schedules.set(JSON.stringify([windows, blackouts, zone]), { names: [name], schedule: window });
    else known.names.push(name);
  }
  const isOne = schedules.size === 1;
  const all: ForecastCalendar[] = [...schedules.values()].map(({ names, schedule }) =>
    isAlwaysOpen(schedule)
      ? { windows: [], blackouts: [], isCut: false }
      : spansOf(schedule, from, until, isOne ? {} : { of: names.join(", ") }),
  );
  const sorted = (lists: readonly (readonly ForecastWindow[])[]) =>
    lists.flat().sort((a, b) => a.opensAt.localeCompare(b.opensAt));
  return {
    windows: sorted(all.map(({ windows }) => windows)),
    blackouts: sorted(all.map(({ blackouts }) => blackouts)),
    isCut: all.some(({ isCut }) => isCut),
  };
}

function spansOf(schedule: Schedule, from: number, until: number, of: { of?: string }): ForecastCalendar {
  const { openings, blackouts } = createOpenings(schedule);
  // A window that is open for as long as the calendar knows begins with the forecast.
  const windowOf = ({ start, end }: { start: number; end: number }): ForecastWindow => ({
    opensAt: iso(Number.isFinite(start) ? start : from),
    closesAt: iso(Number.isFinite(end) ? end : until),
    ...of,
  });
  const windows: ForecastWindow[] = [];
  let isCut = false;
  for (const span of openings(from, 0)) {
    if (span.start >= until) break;
    isCut = windows.length === windowsMax;
    if (isCut) break;
    windows.push(windowOf(span));
  }
  const dark = blackouts.filter(({ start, end }) => start < until && end > from).map(windowOf);
  return { windows, blackouts: dark.slice(0, windowsMax), isCut };
}
