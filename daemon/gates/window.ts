import { createTask } from "node-cron";
import type { Gate } from "./gate.ts";

/** kured's window: on these days from `start` to the end of the second `end`; an end before the start is on the next day. */
export interface Window {
  /** 0 is Sunday: the day on which the window starts. */
  days: readonly number[];
  /** Seconds since midnight. */
  start: number;
  end: number;
  /** IANA name. */
  zone: string;
}

const minuteMs = 60_000;
/** Zones are a multiple of a quarter of an hour from UTC, so an edge of a window lies on one of these steps. */
const stepMs = 15 * minuteMs;
const dayMs = 24 * 60 * minuteMs;

/** Open within the window, with the edge at which that changes. */
export function windowGate(window: Window): Gate {
  const edges = windowEdges(window);
  return {
    name: "window",
    stages: ["start", "drain", "reboot"],
    asks: "here",
    urgentPasses: true,
    async check({ now }) {
      if (edges === undefined) return { open: true };
      const start = edges.lastStart(now);
      const end = start === undefined ? undefined : edges.endAfter(start);
      if (end !== undefined && now < end) return { open: true, changesAt: end };
      const next = edges.nextStart(now);
      const when = next === undefined ? "never" : new Date(next).toISOString();
      return {
        open: false,
        code: "outside",
        message: `outside the maintenance window, which opens next at ${when}`,
        changesAt: next,
      };
    },
  };
}

/** Undefined where the window never closes. */
function windowEdges({ days, start, end, zone }: Window) {
  if (days.length === 7 && (end + 1) % 86_400 === start) return undefined;
  const starts = cron(start, days.join(","), zone);
  // The end is inclusive: the window closes with the second after it.
  const ends = cron((end + 1) % 86_400, "*", zone);
  return {
    lastStart: (now: number) => find(starts, start, now, -1, dayMs + 2 * 60 * minuteMs),
    nextStart: (now: number) => find(starts, start, now + 1, 1, 8 * dayMs),
    endAfter: (from: number) => find(ends, (end + 1) % 86_400, from + 1, 1, 2 * dayMs),
  };
}

type Matches = (time: number) => boolean;

/** Daylight saving is node-cron's business: it knows which local times a day has. */
function cron(secondOfDay: number, days: string, timezone: string): Matches {
  const [hour, minute, second] = hms(secondOfDay);
  const task = createTask(`${second} ${minute} ${hour} * * ${days}`, () => {}, { timezone });
  return (time) => task.match(new Date(time));
}

/** The nearest match at or after (`direction` 1) or at or before (-1) the time, within the span. */
function find(matches: Matches, secondOfDay: number, from: number, direction: 1 | -1, spanMs: number) {
  const phase = (secondOfDay * 1000) % stepMs;
  const round = direction === 1 ? Math.ceil : Math.floor;
  const first = round((from - phase) / stepMs) * stepMs + phase;
  for (let passed = 0; passed <= spanMs; passed += stepMs) {
    const time = first + direction * passed;
    if (matches(time)) return time;
  }
  return undefined;
}

function hms(secondOfDay: number): [number, number, number] {
  return [Math.floor(secondOfDay / 3600), Math.floor(secondOfDay / 60) % 60, secondOfDay % 60];
}
