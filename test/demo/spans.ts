/** The course of a node as spans of time, for its row on the terminal and in the picture. Pure. */
import type { CycleTimes } from "../world/courses.ts";

export type SpanName = "waiting" | "draining" | "down" | "returning" | "done";

export interface Span {
  name: SpanName;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
}

/** In the order of a cycle. `glyph` is for terminals, and differs from the others without colours too. */
export const spanNames = [
  { name: "waiting", begins: "sentinelAt", glyph: "·", means: "waits for a slot" },
  { name: "draining", begins: "cordonedAt", glyph: "▒", means: "cordoned, draining" },
  { name: "down", begins: "rebootedAt", glyph: "█", means: "down" },
  { name: "returning", begins: "readyAt", glyph: "▓", means: "Ready, not yet uncordoned" },
  { name: "done", begins: "uncordonedAt", glyph: "─", means: "rebooted and uncordoned" },
] as const satisfies { name: SpanName; begins: keyof CycleTimes; glyph: string; means: string }[];

/** Whether a node in such a span counts against the limit of nodes that are unavailable. */
export function isAway(name: SpanName): boolean {
  return name === "draining" || name === "down" || name === "returning";
}

/** The spans of all cycles, one after the other; the last one lasts until `endedAt`. */
export function spansOf(cycles: readonly CycleTimes[], endedAt: number): Span[] {
  let previousEnd = 0;
  const starts = cycles.flatMap((cycle) => {
    const found = spanNames.flatMap(({ name, begins }) => {
      const at = timeOf(cycle[begins]);
      // A drain that was cancelled is not a reboot.
      if (at === undefined || (name === "done" && cycle.rebootedAt === null)) return [];
      // The sentinel of the cycle before still counts.
      return [{ name, from: Math.max(at, previousEnd) }];
    });
    const end = timeOf(cycle.uncordonedAt);
    previousEnd = Math.max(previousEnd, end ?? 0, timeOf(cycle.releasedAt) ?? 0);
    return found;
  });
  return starts
    .map(({ name, from }, n) => ({ name, from, to: Math.min(starts[n + 1]?.from ?? endedAt, endedAt) }))
    .filter(({ from, to }) => to >= from);
}

/** How many nodes are away, from each moment at which that changes. Begins with none at `startedAt`. */
export function awayOverTime(
  all: readonly (readonly Span[])[],
  startedAt: number,
): { at: number; count: number }[] {
  const changes = all
    .flat()
    .filter(({ name }) => isAway(name))
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
    // A span that ends where the next one begins is one absence.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  const steps = [{ at: startedAt, count: 0 }];
  for (const { at, by } of changes) {
    const last = steps.at(-1);
    const count = (last?.count ?? 0) + by;
    if (last?.at === at) last.count = count;
    else steps.push({ at, count });
  }
  return steps;
}

function timeOf(text: string | null): number | undefined {
  return text === null ? undefined : Date.parse(text);
}
