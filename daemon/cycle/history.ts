/**
 * Counts all cycles of a Node, for its record: how they ended, and how long their parts took, as the buckets of
 * a histogram. So the metrics lose nothing when the daemon or the machine restarts. Pure.
 */
import * as z from "zod/mini";
import type { Outcome } from "./outcomes.ts";

/**
 * The parts of a cycle. `wait`: from the need, or the opening of the window, to the slot; `drain`: from the
 * cordon until drained; `boot`: from the request to reboot to the new boot; `return`: from the new boot to
 * the uncordon.
 */
export const partNames = ["wait", "drain", "boot", "return"] as const;
export type Part = (typeof partNames)[number];

/** Upper bounds of the buckets; one more bucket has all that is longer. */
export const boundsSeconds = [30, 60, 120, 300, 600, 1200, 3600, 14_400] as const;
const bucketCount = boundsSeconds.length + 1;

const dayMs = 86_400_000;
/** More cycles than a node has in its life; what is beyond was forged. */
const countMax = 1e9;

const strictCount = z.int().check(z.minimum(0), z.maximum(countMax));
const countSchema = z.catch(strictCount, 0);
const noPart = (): PartHistory => ({ counts: Array(bucketCount).fill(0), sumMs: 0 });
const partSchema = z
  .object({
    /** By bucket; each duration is in one of them. */
    counts: z.array(strictCount).check(z.length(bucketCount)),
    sumMs: z.int().check(z.minimum(0)),
  })
  .check(z.refine(({ counts, sumMs }) => sumMs <= dayMs * total(counts)));
export type PartHistory = z.output<typeof partSchema>;

const partOf = z.catch(partSchema, noPart);

export const historySchema = z.object({
  cycles: z.object({ rebooted: countSchema, failed: countSchema, withdrawn: countSchema }),
  parts: z.object({ wait: partOf, drain: partOf, boot: partOf, return: partOf }),
  /** When the last proved reboot was seen. */
  rebootedAt: z.catch(z.optional(z.iso.datetime()), undefined),
});
export type History = z.output<typeof historySchema>;

const duration = z.catch(z.optional(z.int().check(z.minimum(0), z.maximum(dayMs))), undefined);
/** The durations of the parts of one cycle that are over, in milliseconds; at most a day each. */
export const tookSchema = z.object({ wait: duration, drain: duration, boot: duration, return: duration });
export type Took = z.output<typeof tookSchema>;

export const noHistory: History = {
  cycles: { rebooted: 0, failed: 0, withdrawn: 0 },
  parts: { wait: noPart(), drain: noPart(), boot: noPart(), return: noPart() },
};

/**
 * The durations with one more. A part that comes again in a cycle, as a drain before another attempt, counts
 * as one. Clocks can be set, so no duration is negative, or longer than a day.
 */
export function tookAlso(took: Took | undefined, part: Part, since: number, now: number): Took {
  const ms = (took?.[part] ?? 0) + Math.max(0, Math.round(now - since));
  return { ...took, [part]: Math.min(dayMs, ms) };
}

/** The history once a cycle has ended so. */
export function historyAfter(
  history: History = noHistory,
  { result, took = {}, rebootedAt = history.rebootedAt }: EndedCycle,
): History {
  const { cycles, parts } = history;
  const part = (name: Part) => withDuration(parts[name], took[name]);
  return {
    cycles: { ...cycles, [result]: Math.min(countMax, cycles[result] + 1) },
    parts: { wait: part("wait"), drain: part("drain"), boot: part("boot"), return: part("return") },
    ...(rebootedAt !== undefined && { rebootedAt }),
  };
}

interface EndedCycle {
  result: Outcome;
  took: Took | undefined;
  rebootedAt?: string | undefined;
}

/** The one of more cycles. */
export function longer(one: History | undefined, other: History | undefined): History | undefined {
  return cyclesIn(other) > cyclesIn(one) ? other : one;
}

function cyclesIn(history: History | undefined): number {
  return history === undefined ? 0 : total(Object.values(history.cycles));
}

function withDuration(part: PartHistory, ms: number | undefined): PartHistory {
  if (ms === undefined) return part;
  const bucket = boundsSeconds.findIndex((bound) => ms <= bound * 1000);
  const index = bucket === -1 ? boundsSeconds.length : bucket;
  const counts = part.counts.map((count, at) => Math.min(countMax, at === index ? count + 1 : count));
  return { counts, sumMs: part.sumMs + ms };
}

export function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
