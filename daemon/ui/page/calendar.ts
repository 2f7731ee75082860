/** The forecast by days: windows as parts of a day, and the nodes that start in it. Pure. */
import type { ForecastMessage } from "../wire.ts";
import { byName } from "./fleet.ts";
import { timeOf } from "./times.ts";

/** A part of a day: 0 is its beginning, 1 its end. */
export interface DayPart {
  from: number;
  until: number;
  opensAt: number;
  closesAt: number;
}

export interface DayStart {
  node: string;
  startsAt: number;
  endsAt?: number;
  /** The place in the day, from 0 to 1. */
  place: number;
}

export interface Day {
  /** Its midnight; days have 23 to 25 hours. */
  from: number;
  until: number;
  windows: DayPart[];
  blackouts: (DayPart & { reason: string })[];
  starts: DayStart[];
}

export interface Calendar {
  /** All days of the forecast, also those without anything. */
  days: Day[];
  /** Nodes that do not start in this time, with the reasons. */
  never: { node: string; why: string[] }[];
}

/** The midnight that is so many days after that of the time, in the zone of the person. */
export type Midnight = (time: number, daysAfter: number) => number;

/** Longer forecasts than a year are cut. */
const daysMax = 366;

export function calendarOf(forecast: ForecastMessage, midnight: Midnight): Calendar {
  const from = timeOf(forecast.from);
  const until = timeOf(forecast.until);
  const never = forecast.nodes
    .filter(({ startsAt }) => timeOf(startsAt) === undefined)
    .map(({ node, why }) => ({ node, why }));
  if (from === undefined || until === undefined) return { days: [], never };
  const starts = forecast.nodes
    .flatMap(({ node, startsAt, endsAt }) => {
      const start = timeOf(startsAt);
      const end = timeOf(endsAt);
      return start === undefined
        ? []
        : [{ node, startsAt: start, ...(end !== undefined && { endsAt: end }) }];
    })
    .sort((a, b) => a.startsAt - b.startsAt || byName(a.node, b.node));
  const days: Day[] = [];
  for (let day = 0; day < daysMax; day += 1) {
    const begins = midnight(from, day);
    if (begins >= until) break;
    days.push(dayOf(begins, midnight(from, day + 1), forecast, starts));
  }
  return { days, never };
}

function dayOf(
  from: number,
  until: number,
  { windows, blackouts = [] }: ForecastMessage & { blackouts?: Blackout[] },
  starts: readonly Omit<DayStart, "place">[],
): Day {
  const length = until - from;
  return {
    from,
    until,
    windows: windows.flatMap(({ opensAt, closesAt }) => partOf(from, until, opensAt, closesAt)),
    blackouts: blackouts.flatMap(({ from: begins, until: ends, reason = "" }) =>
      partOf(from, until, begins, ends).map((part) => ({ ...part, reason })),
    ),
    starts: starts
      .filter(({ startsAt }) => startsAt >= from && startsAt < until)
      .map((start) => ({ ...start, place: (start.startsAt - from) / length })),
  };
}

interface Blackout {
  from: string;
  until: string;
  reason?: string;
}

function partOf(from: number, until: number, begins: string, ends: string): DayPart[] {
  const opensAt = timeOf(begins);
  const closesAt = timeOf(ends);
  if (opensAt === undefined || closesAt === undefined || opensAt >= until || closesAt <= from) return [];
  const length = until - from;
  const place = (time: number) => Math.min(1, Math.max(0, (time - from) / length));
  return [{ from: place(opensAt), until: place(closesAt), opensAt, closesAt }];
}
