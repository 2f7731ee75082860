import { createOpenings, type Schedule, type Span } from "../schedule/openings.ts";
import { iso } from "../time/iso.ts";
import type { Gate, GateContext } from "./gate.ts";

export interface WindowSettings extends Schedule {
  /** How long before the end of a window no cycle starts any more. */
  margin: Margin;
  /** `restore`: a drain that passes the end is undone; `finish`: what began before the end is finished. */
  atEnd: "restore" | "finish";
}

/**
 * The configured time, or the longest time of a cycle: `cycleMaxMs`, less if this node's last one was
 * quicker, and never more than half of the window, so that a short one is of use too.
 */
export type Margin = { ms: number } | { cycleMaxMs: number };

/** The next drain may have more to do than the last. */
const headroom = 1.5;

/** Open in the windows and outside the blackouts; for the start of a cycle not right up to the end. */
export function windowGate({ margin, atEnd, ...schedule }: WindowSettings): Gate<"window"> {
  const { openings, blackouts } = createOpenings(schedule);
  const backMs = "cycleMaxMs" in margin ? 2 * margin.cycleMaxMs : 0;

  return {
    name: "window",
    stages: atEnd === "finish" ? ["start"] : ["start", "drain", "reboot"],
    cost: "local",
    urgentPasses: true,
    async check(context) {
      const { now } = context;
      const closesAt = (span: Span) => span.end - marginMs(margin, span, context);
      const ahead = openings(now, backMs);
      const first = ahead.next().value ?? undefined;
      const isOpen = first !== undefined && first.start <= now;
      if (isOpen && now < closesAt(first)) return { open: true, changesAt: known(closesAt(first)) };

      const next = find(isOpen ? undefined : first, ahead, (span) => span.start < closesAt(span));
      const opensNext =
        next === undefined ? "does not open within a year" : `opens next at ${iso(next.start)}`;
      if (isOpen) {
        const needed = `${Math.ceil((first.end - closesAt(first)) / 1000)} s`;
        return {
          open: false,
          code: "too-short",
          message: `the maintenance window is open until ${iso(first.end)}, too short for a cycle, which may take ${needed}; it ${opensNext}`,
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
  };
}

function marginMs(margin: Margin, { start, end }: Span, { stage, lastDrainMs }: GateContext): number {
  if (stage !== "start") return 0;
  if ("ms" in margin) return margin.ms;
  const { cycleMaxMs } = margin;
  return Math.min(cycleMaxMs, (lastDrainMs ?? cycleMaxMs) * headroom, (end - start) / 2);
}

/** The first that fits: `first`, if there is one, and those after it. */
function find(first: Span | undefined, ahead: Iterable<Span>, fits: (span: Span) => boolean) {
  if (first !== undefined && fits(first)) return first;
  for (const span of ahead) if (fits(span)) return span;
  return undefined;
}

function known(at: number): number | undefined {
  return Number.isFinite(at) ? at : undefined;
}
