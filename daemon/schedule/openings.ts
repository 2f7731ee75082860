import { createTask, parse } from "node-cron";
import { wallClock } from "./wall-clock.ts";

/**
 * kured's window: on these days from `start` to the end of the second `end`, on the next day if `end` is
 * before `start`.
 */
export interface DailyWindow {
  /** Weekdays on which the window starts; 0 is Sunday. */
  days: readonly number[];
  /** Seconds since midnight. */
  start: number;
  end: number;
  /** IANA name. */
  zone: string;
}

/**
 * Opens when the clock of the zone matches the cron expression, and stays open for the duration in real time.
 */
export interface CronWindow {
  cron: string;
  durationMs: number;
  zone: string;
}

/** From the first to the last day, inclusive; days are counted from 1970-01-01. */
export interface Blackout {
  first: number;
  last: number;
}

export interface Schedule {
  /** Empty: always open. */
  windows: readonly (DailyWindow | CronWindow)[];
  blackouts: readonly Blackout[];
  /** The zone of the blackouts. */
  zone: string;
}

/** Without windows and blackouts there is nothing to wait for. */
export function isAlwaysOpen({ windows, blackouts }: Schedule): boolean {
  return windows.length === 0 && blackouts.length === 0;
}

/**
 * From `start` until just before `end`; milliseconds since the epoch. `end` is Infinity if it is too far
 * away.
 */
export interface Span {
  start: number;
  end: number;
}

const dayMs = 86_400_000;
/** The first zone in which a day begins is this far ahead of UTC. */
const aheadMaxMs = 14 * 3_600_000;
/** Openings that are further away are not searched for. */
const aheadDays = 367;
/** The same for an end: nothing waits that long without looking again. */
const endAheadDays = 32;

/**
 * The times at which a window is open and no blackout is in force, in order, without overlaps. The first one
 * is the first that ends after `from`. Windows that overlap or adjoin are one span. A `start` is exact if it
 * is at most `backMs` before `from`; the start of a longer span is somewhere before that.
 */
export type Openings = (from: number, backMs: number) => Generator<Span, void>;

export interface Calendar {
  openings: Openings;
  blackouts: readonly Span[];
}

export function createOpenings({ windows, blackouts, zone }: Schedule): Calendar {
  const starting = windows.map((window) => ("cron" in window ? cronStarts(window) : dailyStarts(window)));
  const momentOf = wallClock(zone);
  const dark = union(
    blackouts.map(({ first, last }) => ({
      start: momentOf(first * dayMs),
      end: momentOf((last + 1) * dayMs),
    })),
  );
  return {
    blackouts: dark,
    *openings(from, backMs) {
      for (const span of windows.length === 0 ? always : unionOf(starting, from, backMs)) {
        for (const rest of without(span, dark)) if (rest.end > from) yield rest;
      }
    },
  };
}

const always: readonly Span[] = [{ start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY }];

/** The spans of one window that start on a day of its zone, in order. */
interface Starting {
  longestMs: number;
  on(day: number): readonly Span[];
}

function dailyStarts({ days, start, end, zone }: DailyWindow): Starting {
  const momentOf = wallClock(zone);
  const startTime = start * 1000;
  // The end is inclusive: the window closes at the second after it.
  const endTime = (end + 1) * 1000 + (end < start ? dayMs : 0);
  return {
    longestMs: endTime - startTime,
    on(day) {
      if (!days.includes(new Date(day * dayMs).getUTCDay())) return [];
      // A change of the clock that skips both makes the span empty.
      return [{ start: momentOf(day * dayMs + startTime), end: momentOf(day * dayMs + endTime) }];
    },
  };
}

function cronStarts({ cron, durationMs, zone }: CronWindow): Starting {
  const momentOf = wallClock(zone);
  const { hour, minute, dayOfMonth, month, dayOfWeek } = parse(cron);
  const times = hour.flatMap((h) => minute.map((m) => (h * 60 + m) * 60_000)).sort((a, b) => a - b);
  const weekdays = new Set(dayOfWeek.map((token) => Number.parseInt(String(token), 10)));
  const isPlain = [...dayOfMonth, ...dayOfWeek].every((token) => typeof token === "number");
  // node-cron resolves days such as sat#1 or L. That is slow, so it is called only for those.
  const task = createTask(`0 0 ${dayOfMonth} ${month} ${dayOfWeek}`, () => {}, { timezone: "UTC" });

  function startsOn(day: number): boolean {
    const date = new Date(day * dayMs);
    if (!month.includes(date.getUTCMonth() + 1) || !weekdays.has(date.getUTCDay())) return false;
    return isPlain ? dayOfMonth.includes(date.getUTCDate()) : task.match(date);
  }

  return {
    longestMs: durationMs,
    on(day) {
      if (!startsOn(day)) return [];
      const spans: Span[] = [];
      for (const time of times) {
        const start = momentOf(day * dayMs + time);
        join(spans, { start, end: start + durationMs });
      }
      return spans;
    },
  };
}

/** Joins spans day by day, from the first day with windows that may matter. */
function* unionOf(windows: readonly Starting[], from: number, backMs: number): Generator<Span, void> {
  const longestMs = Math.max(...windows.map((window) => window.longestMs));
  // One day earlier: zones are behind UTC, and a window is longer when the clock is put back in it.
  const firstDay = Math.floor((from - backMs - longestMs) / dayMs) - 1;
  const lastDay = Math.floor(from / dayMs) + aheadDays;
  let spans: Span[] = [];
  let settledUntil = Number.NEGATIVE_INFINITY;
  for (let day = firstDay; day <= lastDay; day += 1) {
    spans = union([...spans, ...windows.flatMap((window) => window.on(day))]);
    // Windows of later days start after this moment in every zone.
    settledUntil = (day + 1) * dayMs - aheadMaxMs;
    while (spans[0] !== undefined && spans[0].end < settledUntil) yield spans.shift() as Span;
    const [open] = spans;
    if (open !== undefined && settledUntil > Math.max(open.start, from) + endAheadDays * dayMs) break;
  }
  for (const { start } of spans) yield { start, end: Number.POSITIVE_INFINITY };
}

function union(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) join(joined, span);
  return joined;
}

/** Adds a span that starts no earlier than the others. */
function join(spans: Span[], { start, end }: Span): void {
  const last = spans.at(-1);
  if (last === undefined || last.end < start) spans.push({ start, end });
  else last.end = Math.max(last.end, end);
}

function* without({ start, end }: Span, holes: readonly Span[]): Generator<Span, void> {
  let from = start;
  for (const hole of holes) {
    if (hole.end <= from) continue;
    if (hole.start >= end) break;
    if (hole.start > from) yield { start: from, end: hole.start };
    from = hole.end;
  }
  if (from < end) yield { start: from, end };
}
