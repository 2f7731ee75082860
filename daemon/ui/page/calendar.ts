/** The forecast by days: windows as parts of a day, and the nodes that start in it. Pure. */
import type { ForecastMessage, ForecastWindow, NodeForecast } from "../wire.ts";
import { byName } from "./fleet.ts";
import { timeOf } from "./times.ts";

/** A part of a day: 0 is its beginning, 1 its end. */
export interface DayPart {
  from: number;
  until: number;
  opensAt: number;
  closesAt: number;
  /** The daemons to which it applies, where there are several kinds. */
  of?: string;
}

export interface DayStart {
  node: string;
  startsAt: number;
  /** Present if the order is by lot: it may start at any time between these. */
  lot?: { earliest: number; latest: number };
  /** The place in the day, from 0 to 1. */
  place: number;
}

export interface Day {
  /** Its midnight; days have 23 to 25 hours. */
  from: number;
  until: number;
  windows: DayPart[];
  blackouts: DayPart[];
  starts: DayStart[];
}

export interface Calendar {
  /** All days of the forecast, also those without anything. */
  days: Day[];
  /** Nodes that do not start in this time, by their reasons: the fewest first. */
  never: { why: string[]; nodes: string[] }[];
}

/** The midnight that is so many days after that of the time, in the zone of the person. */
export type Midnight = (time: number, daysAfter: number) => number;

/** Longer forecasts than a year are cut. */
const daysMax = 366;

export function calendarOf(forecast: ForecastMessage, midnight: Midnight): Calendar {
  const from = timeOf(forecast.from);
  const until = timeOf(forecast.until);
  const never = neverOf(forecast.nodes);
  if (from === undefined || until === undefined) return { days: [], never };
  const starts = forecast.nodes
    .flatMap(startOf)
    .sort((a, b) => a.startsAt - b.startsAt || byName(a.node, b.node));
  const days: Day[] = [];
  for (let day = 0; day < daysMax; day += 1) {
    const begins = midnight(from, day);
    if (begins >= until) break;
    days.push(dayOf(begins, midnight(from, day + 1), forecast, starts));
  }
  return { days, never };
}

function neverOf(nodes: readonly NodeForecast[]): Calendar["never"] {
  const found = nodes.filter(({ startsAt }) => timeOf(startsAt) === undefined);
  const groups = Map.groupBy(found, ({ why }) => why.join("\n"));
  return [...groups.values()]
    .map((group) => ({ why: group[0]?.why ?? [], nodes: group.map(({ node }) => node).sort(byName) }))
    .sort((a, b) => a.nodes.length - b.nodes.length);
}

type Start = Omit<DayStart, "place">;

function startOf({ node, startsAt, lot }: NodeForecast): Start[] {
  const start = timeOf(startsAt);
  const earliest = timeOf(lot?.earliest);
  const latest = timeOf(lot?.latest);
  if (start === undefined) return [];
  const isByLot = earliest !== undefined && latest !== undefined;
  return [{ node, startsAt: start, ...(isByLot && { lot: { earliest, latest } }) }];
}

function dayOf(from: number, until: number, forecast: ForecastMessage, starts: readonly Start[]): Day {
  const { windows, blackouts = [] } = forecast;
  return {
    from,
    until,
    windows: windows.flatMap((one) => partOf(from, until, one)),
    blackouts: blackouts.flatMap((one) => partOf(from, until, one)),
    starts: starts
      .filter(({ startsAt }) => startsAt >= from && startsAt < until)
      .map((start) => ({ ...start, place: (start.startsAt - from) / (until - from) })),
  };
}

function partOf(from: number, until: number, window: ForecastWindow): DayPart[] {
  const opensAt = timeOf(window.opensAt);
  const closesAt = timeOf(window.closesAt);
  if (opensAt === undefined || closesAt === undefined || opensAt >= until || closesAt <= from) return [];
  const place = (time: number) => Math.min(1, Math.max(0, (time - from) / (until - from)));
  const { of } = window;
  return [
    { from: place(opensAt), until: place(closesAt), opensAt, closesAt, ...(of !== undefined && { of }) },
  ];
}
