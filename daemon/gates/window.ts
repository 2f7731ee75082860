import { type Calendar, createOpenings, type Schedule, type Span } from "../schedule/openings.ts";
import { iso } from "../time/iso.ts";
import { type ForeseenGate, foreseen, type GateAnswer, type GateContext } from "./gate.ts";

export interface WindowSettings extends Schedule {
  /** Time before the end of a window in which no cycle starts. */
  margin: Margin;
  /**
   * `restore`: a drain that passes the end is rolled back. `finish`: a cycle that began before the end
   * continues.
   */
  atEnd: "restore" | "finish";
}

/**
 * `ms`: the value of the option. `cycleMaxMs`: the longest time of a cycle; the margin is shorter if this
 * node's last cycle was quicker, and at most half of the window, so that a short window is usable too.
 */
export type Margin = { ms: number } | { cycleMaxMs: number };

/** The next drain may have more work than the last one. */
const headroom = 1.5;

/**
 * Open in the windows and outside the blackouts. For the start of a cycle it closes a margin before the end.
 */
export function windowGate(
  { margin, atEnd, ...schedule }: WindowSettings,
  { openings, blackouts }: Calendar = createOpenings(schedule),
): ForeseenGate<"window"> {
  const backMs = "cycleMaxMs" in margin ? 2 * margin.cycleMaxMs : 0;

  return foreseen({
    name: "window",
    stages: atEnd === "finish" ? ["start"] : ["start", "drain", "reboot"],
    cost: "local",
    urgentPasses: true,
    answer(context): GateAnswer<"window"> {
      const { now } = context;
      const closesAt = (span: Span) => span.end - marginMs(margin, span, context);
      const ahead = openings(now, backMs);
      const first = ahead.next().value ?? undefined;
      const isOpen = first !== undefined && first.start <= now;
      if (isOpen && now < closesAt(first)) {
        return {
          open: true,
          changesAt: known(closesAt(first)),
          ...(Number.isFinite(first.start) && { openSince: first.start }),
        };
      }

      const next = find(isOpen ? undefined : first, ahead, (span) => span.start < closesAt(span));
      const opensNext =
        next === undefined ? "does not open within a year" : `opens next at ${iso(next.start)}`;
      if (isOpen) {
        const needed = `${Math.ceil((first.end - closesAt(first)) / 1000)} s`;
        const tooShort = `open until ${iso(first.end)}, too short for a cycle, which may take ${needed}`;
        return {
          open: false,
          code: "too-short",
          message: `the maintenance window is ${tooShort}; it ${opensNext}`,
          changesAt: first.end,
        };
      }
      const blackout = blackouts.find(({ end }) => now < end);
      if (blackout !== undefined && blackout.start <= now) {
        return {
          open: false,
          code: "blackout",
          message: `in a blackout until ${iso(blackout.end)}; the maintenance window ${opensNext}`,
          changesAt: blackout.end,
        };
      }
      const opensAt = first?.start ?? Number.POSITIVE_INFINITY;
      return {
        open: false,
        code: "outside",
        message: `outside the maintenance window, which ${opensNext}`,
        changesAt: known(Math.min(opensAt, blackout?.start ?? Number.POSITIVE_INFINITY)),
      };
    },
  });
}

function marginMs(margin: Margin, { start, end }: Span, { stage, lastDrainMs }: GateContext): number {
  if (stage !== "start") return 0;
  if ("ms" in margin) return margin.ms;
  const { cycleMaxMs } = margin;
  return Math.min(cycleMaxMs, (lastDrainMs ?? cycleMaxMs) * headroom, (end - start) / 2);
}

/** The first span that fits, of `first` (if there is one) and those after it. */
function find(first: Span | undefined, ahead: Iterable<Span>, fits: (span: Span) => boolean) {
  if (first !== undefined && fits(first)) return first;
  for (const span of ahead) if (fits(span)) return span;
  return undefined;
}

function known(at: number): number | undefined {
  return Number.isFinite(at) ? at : undefined;
}
