/** The timeline of a wave: which nodes were drained, down and returning from when until when. Pure. */
import type { CycleTimes, NodeTile } from "../wire.ts";
import { byName, isTroubled } from "./fleet.ts";
import { timeOf } from "./times.ts";

export const partNames = ["drain", "down", "return"] as const;
export type PartName = (typeof partNames)[number];

/** Times in milliseconds of the wall clock. */
export interface Part {
  name: PartName;
  from: number;
  until: number;
}

export interface Bar {
  node: string;
  phase: string;
  isTroubled: boolean;
  from: number;
  until: number;
  /** One after the other, none of them backwards. */
  parts: Part[];
  isUnderWay: boolean;
  /** Also for a while after the end of its cycle. */
  holdsSlot: boolean;
  /** Absent while the cycle is under way. */
  result?: NonNullable<CycleTimes["result"]>;
}

export interface Wave {
  from: number;
  /** Now, while the wave is under way. */
  until: number;
  isUnderWay: boolean;
  /** By their beginning. */
  bars: Bar[];
}

/** A wave is over when no node was between cordon and release for this long. */
const pauseMs = 30 * 60_000;

/** The wave that is under way, else the last one; undefined if no node has a cycle. */
export function lastWave(nodes: Iterable<NodeTile>, now: number): Wave | undefined {
  const bars = [...nodes]
    .map((node) => barOf(node, now))
    .filter((bar) => bar !== undefined)
    .sort((a, b) => a.from - b.from || byName(a.node, b.node));
  let wave: Wave | undefined;
  for (const bar of bars) {
    if (wave === undefined || bar.from > wave.until + pauseMs)
      wave = { from: bar.from, until: bar.until, isUnderWay: isBusy(bar), bars: [bar] };
    else {
      wave.bars.push(bar);
      wave.until = Math.max(wave.until, bar.until);
      wave.isUnderWay ||= isBusy(bar);
    }
  }
  if (wave?.isUnderWay) wave.until = Math.max(wave.until, now);
  return wave;
}

/** True if others wait for its slot. */
export function isBusy({ isUnderWay, holdsSlot }: Bar): boolean {
  return isUnderWay || holdsSlot;
}

export function barOf(node: NodeTile, now: number): Bar | undefined {
  const { name, phase, cycle = {} } = node;
  const starts = [timeOf(cycle.drainFrom), timeOf(cycle.downFrom), timeOf(cycle.backAt)];
  const end = timeOf(cycle.endedAt);
  const from = starts.find((start) => start !== undefined);
  if (from === undefined) return undefined;
  const until = Math.max(from, end ?? now);
  const parts = partNames.flatMap((part, index): Part[] => {
    const start = starts[index];
    if (start === undefined) return [];
    const next = starts.slice(index + 1).find((other) => other !== undefined) ?? until;
    // Clocks of a node and of the server differ: no part begins before the one before it ends.
    const begins = Math.min(Math.max(start, from), until);
    return [{ name: part, from: begins, until: Math.min(until, Math.max(begins, next)) }];
  });
  return {
    node: name,
    phase,
    isTroubled: isTroubled(node),
    from,
    until,
    parts,
    isUnderWay: end === undefined,
    holdsSlot: node.holdsSlot,
    ...(cycle.result !== undefined && { result: cycle.result }),
  };
}

export interface Step {
  at: number;
  count: number;
}

/** How many nodes were between cordon and release, from each change on. */
export function inFlight(bars: readonly Bar[]): Step[] {
  const edges = bars.flatMap((bar) => [
    { at: bar.from, by: 1 },
    // The slot of a busy node has no end yet.
    ...(isBusy(bar) ? [] : [{ at: bar.until, by: -1 }]),
  ]);
  edges.sort((a, b) => a.at - b.at);
  const steps: Step[] = [];
  let count = 0;
  for (const { at, by } of edges) {
    count += by;
    if (steps.at(-1)?.at === at) steps.pop();
    steps.push({ at, count });
  }
  return steps;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const tickSteps = [
  10 * second,
  30 * second,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  24 * hour,
];

export interface Ticks {
  stepMs: number;
  at: number[];
}

/** At most `max` round times in between. `zoneMs`: of local time before UTC, so that hours are round there. */
export function ticksOf(from: number, until: number, max: number, zoneMs = 0): Ticks {
  const length = Math.max(1, until - from);
  const days = Math.ceil(length / max / (24 * hour)) * 24 * hour;
  const stepMs = tickSteps.find((step) => length / step <= max) ?? days;
  const at: number[] = [];
  const first = Math.ceil((from + zoneMs) / stepMs) * stepMs - zoneMs;
  for (let time = first; time <= until && at.length <= max; time += stepMs) at.push(time);
  return { stepMs, at };
}

/** The end of a name tells nodes apart more often than its middle. */
export function shortened(name: string, chars: number): string {
  if (name.length <= chars) return name;
  const tail = Math.floor((chars - 1) / 2);
  return `${name.slice(0, chars - 1 - tail)}…${name.slice(name.length - tail)}`;
}
