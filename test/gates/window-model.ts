import * as fc from "fast-check";

/**
 * A second way to tell when windows are open, as slow as it is simple: it looks at the clock on the wall each minute. It
 * shares no code with the daemon, node-cron included. All numbers of minutes are since 1970-01-01 00:00, of UTC or, where
 * they are called local, on that clock.
 */
export interface ModelWindow {
  /** As --window takes it. */
  text: string;
  zone: string;
  opensAt: (local: Date) => boolean;
  /** When it ends: by a stopwatch, or when the clock on the wall shows a time. */
  ends: { afterMinutes: number } | { atLocal: (start: number) => number };
}

export interface ModelSchedule {
  zone: string;
  windows: readonly ModelWindow[];
  /** Of kured's window as --reboot-days, --start-time and --end-time. */
  kured: { days: string; start: string; end: string; window: ModelWindow } | undefined;
  /** First and last day, since 1970-01-01. */
  blackouts: readonly (readonly [first: number, last: number])[];
}

export type Code = "open" | "too-short" | "outside" | "blackout";

export const zones = [
  "Europe/Warsaw",
  "America/New_York",
  "Australia/Lord_Howe",
  "Pacific/Chatham",
  "Africa/Cairo",
  "Asia/Kathmandu",
];

export const hour = 60;
export const day = 24 * hour;
export const week = 7 * day;
export const tenYears = { from: Date.UTC(2026, 0, 1) / 60_000, to: Date.UTC(2036, 0, 1) / 60_000 };
/** No window of the model is open for longer. */
const longest = 2 * day;

type Clock = (minute: number) => number;

const clocks = new Map<string, Clock>();

/** The clock of a zone. It is asked of the same minutes again and again, and Intl is slow, so it keeps what it has found. */
function wallClock(zone: string): Clock {
  const known = clocks.get(zone) ?? createWallClock(zone);
  clocks.set(zone, known);
  return known;
}

/** Zones of today change their clocks on the quarter of an hour. */
function createWallClock(zone: string): Clock {
  const format = new Intl.DateTimeFormat("sv", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  const shownAt = new Map<number, number>();
  return (minute) => {
    const quarter = Math.floor(minute / 15) * 15;
    let shown = shownAt.get(quarter);
    if (shown === undefined) {
      shown = Date.parse(`${format.format(quarter * 60_000).replace(" ", "T")}Z`) / 60_000;
      shownAt.set(quarter, shown);
    }
    return shown + (minute - quarter);
  };
}

/** The minutes, of each zone in the ten years, in which its clock is changed. */
export function clockChanges(zone: string): number[] {
  const clock = wallClock(zone);
  const changes = (step: number, from: number, to: number) => {
    const found: number[] = [];
    for (let minute = from; minute < to; minute += step) {
      if (clock(minute + step) - clock(minute) !== step) found.push(minute);
    }
    return found;
  };
  return changes(day, tenYears.from, tenYears.to).flatMap((found) => changes(15, found, found + day));
}

/** The codes of each minute from `from` on, where a cycle needs as long as `needed` says of an opening of so many minutes. */
export function modelCodes(
  { zone, windows, kured, blackouts }: ModelSchedule,
  needed: (minutes: number) => number,
  from: number,
  to: number,
): Code[] {
  const begin = from - longest;
  const all = [...windows, ...(kured ? [kured.window] : [])];
  const isOpen = new Uint8Array(to - begin).fill(all.length === 0 ? 1 : 0);
  for (const window of all) openOne(window, begin, isOpen);
  const clock = wallClock(zone);
  const isDark = (minute: number) => {
    const today = Math.floor(clock(begin + minute) / day);
    return blackouts.some(([first, last]) => today >= first && today <= last);
  };

  const codes = Array.from(
    isOpen,
    (open, minute): Code => (isDark(minute) ? "blackout" : open ? "open" : "outside"),
  );
  for (let start = 0; start < codes.length; start += 1) {
    if (codes[start] !== "open") continue;
    let end = start;
    while (codes[end] === "open") end += 1;
    const closed = end - needed(end - start);
    for (let minute = Math.max(start, Math.ceil(closed)); minute < end; minute += 1)
      codes[minute] = "too-short";
    start = end;
  }
  return codes.slice(from - begin);
}

/** A local minute counts when the clock shows it or a later one for the first time, and never again. */
function openOne({ zone, opensAt, ends }: ModelWindow, begin: number, isOpen: Uint8Array): void {
  const clock = wallClock(zone);
  let latest = clock(begin) - 1;
  let openUntil = 0;
  let openUntilLocal = 0;
  for (let minute = 0; minute < isOpen.length; minute += 1) {
    const shown = clock(begin + minute);
    for (; latest < shown; latest += 1) {
      const start = latest + 1;
      if (!opensAt(new Date(start * 60_000))) continue;
      if ("afterMinutes" in ends) openUntil = Math.max(openUntil, minute + ends.afterMinutes);
      else openUntilLocal = Math.max(openUntilLocal, ends.atLocal(start));
    }
    if (minute < openUntil || latest < openUntilLocal) isOpen[minute] = 1;
  }
}

const two = (number: number) => String(number).padStart(2, "0");
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const everyDay = [0, 1, 2, 3, 4, 5, 6];

interface Field<T> {
  text: string;
  has: (value: T) => boolean;
}

const list = (max: number, least = 0) =>
  fc
    .uniqueArray(fc.integer({ min: least, max }), { minLength: 1, maxLength: 3 })
    .map((values): Field<number> => ({ text: values.join(","), has: (value) => values.includes(value) }));
const every = (step: number): Field<number> => ({ text: `*/${step}`, has: (value) => value % step === 0 });

const minutes = fc.oneof(
  fc.constant<Field<number>>({ text: "0", has: (value) => value === 0 }),
  list(59),
  fc.constant(every(20)),
);
const hours = fc.oneof(
  list(23),
  // The hours in which clocks are changed.
  fc
    .integer({ min: 0, max: 3 })
    .map((hour): Field<number> => ({ text: String(hour), has: (value) => value === hour })),
  fc.constant(every(6)),
  fc.constant<Field<number>>({ text: "22-2", has: (value) => value >= 22 || value <= 2 }),
  fc.constant<Field<number>>({ text: "*", has: () => true }),
);

const lastOfMonth = (date: Date) =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
const weekday = fc.integer({ min: 0, max: 6 });
/** Day of the month, month and weekday. */
const dates: fc.Arbitrary<Field<Date>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Field<Date>>({ text: "* * *", has: () => true }) },
  {
    weight: 3,
    arbitrary: fc.subarray(everyDay, { minLength: 1 }).map(
      (days): Field<Date> => ({
        text: `* * ${days.map((day) => dayNames[day]).join(",")}`,
        has: (date) => days.includes(date.getUTCDay()),
      }),
    ),
  },
  fc.record({ day: weekday, nth: fc.integer({ min: 1, max: 5 }) }).map(
    ({ day, nth }): Field<Date> => ({
      text: `* * ${dayNames[day]}#${nth}`,
      has: (date) => date.getUTCDay() === day && Math.ceil(date.getUTCDate() / 7) === nth,
    }),
  ),
  weekday.map(
    (day): Field<Date> => ({
      text: `* * ${dayNames[day]}L`,
      has: (date) => date.getUTCDay() === day && date.getUTCDate() + 7 > lastOfMonth(date),
    }),
  ),
  fc.constant<Field<Date>>({ text: "L * *", has: (date) => date.getUTCDate() === lastOfMonth(date) }),
  list(31, 1).map(
    ({ text, has }): Field<Date> => ({ text: `${text} * *`, has: (date) => has(date.getUTCDate()) }),
  ),
  fc.constant<Field<Date>>({
    text: "1-7 mar,oct sun",
    has: (date) => date.getUTCDate() <= 7 && [2, 9].includes(date.getUTCMonth()) && date.getUTCDay() === 0,
  }),
);

const durations = fc.oneof(
  fc.integer({ min: 1, max: 6 * hour }),
  fc.integer({ min: 1, max: longest / hour }).map((hours) => hours * hour),
);

function cronWindow(zone: string): fc.Arbitrary<ModelWindow> {
  return fc
    .record({ minute: minutes, hours, dates, duration: durations, names: fc.constantFrom("", ` in ${zone}`) })
    .map(({ minute, hours, dates, duration, names }) => ({
      text: `${minute.text} ${hours.text} ${dates.text} for ${duration}m${names}`,
      zone,
      opensAt: (local: Date) =>
        minute.has(local.getUTCMinutes()) && hours.has(local.getUTCHours()) && dates.has(local),
      ends: { afterMinutes: duration },
    }));
}

function kuredWindow(zone: string): fc.Arbitrary<ModelSchedule["kured"]> {
  const time = fc.oneof(fc.integer({ min: 0, max: 4 * hour }), fc.integer({ min: 0, max: day - 1 }));
  return fc
    .record({ days: fc.subarray(everyDay, { minLength: 1 }), start: time, last: time })
    .map(({ days, start, last }) => {
      const end = last + 1 + (last < start ? day : 0);
      return {
        days: days.map((day) => dayNames[day]).join(","),
        start: `${Math.floor(start / hour)}:${two(start % hour)}`,
        end: `${Math.floor(last / hour)}:${two(last % hour)}:59`,
        window: {
          text: "",
          zone,
          opensAt: (local: Date) =>
            local.getUTCHours() * hour + local.getUTCMinutes() === start && days.includes(local.getUTCDay()),
          ends: { atLocal: (from: number) => from - start + end },
        },
      };
    });
}

/** Windows of a zone, now and then one of another, and blackouts between the two minutes. */
export function schedules(zone: string, from: number, to: number): fc.Arbitrary<ModelSchedule> {
  const [first, last] = [Math.floor(from / day), Math.floor(to / day)];
  const blackout = fc
    .tuple(fc.integer({ min: first, max: last }), fc.integer({ min: 0, max: 3 }))
    .map(([start, more]) => [start, start + more] as const);
  const window = fc.oneof(
    { weight: 4, arbitrary: cronWindow(zone) },
    fc
      .constantFrom(...zones)
      .chain((other) => cronWindow(other))
      .filter(({ text, zone: own }) => own === zone || text.includes(" in ")),
  );
  return fc.record({
    zone: fc.constant(zone),
    windows: fc.array(window, { maxLength: 3 }),
    kured: fc.option(kuredWindow(zone), { nil: undefined }),
    blackouts: fc.array(blackout, { maxLength: 2 }),
  });
}
