/**
 * Counts all cycles of a Node, for its record: how they ended, and how long their parts took, as the buckets of
 * a histogram. So the metrics lose nothing when the daemon or the machine restarts. Pure.
 */
import * as z from "zod/mini";
import { type LastCycle, lastCyclesAfter, lastCyclesSchema } from "./last-cycles.ts";
import { dayMs, type Part, type Took } from "./took.ts";

/** Upper bounds of the buckets; one more bucket has all that is longer. */
export const boundsSeconds = [30, 60, 120, 300, 600, 1200, 3600, 14_400] as const;
const bucketCount = boundsSeconds.length + 1;

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
  /** How many of the cycles that have rebooted the node were soft reboots. */
  softReboots: z.catch(z.optional(strictCount), undefined),
  /** When the last proved reboot was seen. */
  rebootedAt: z.catch(z.optional(z.iso.datetime()), undefined),
  last: lastCyclesSchema,
});
export type History = z.output<typeof historySchema>;

export const noHistory: History = {
  cycles: { rebooted: 0, failed: 0, withdrawn: 0 },
  parts: { wait: noPart(), drain: noPart(), boot: noPart(), return: noPart() },
  last: [],
};

/** The history once a cycle has ended so. */
export function historyAfter(history: History = noHistory, ended: EndedCycle): History {
  const { outcome, took = {}, rebootedAt = history.rebootedAt, isSoft = false } = ended;
  const { result } = outcome;
  const { cycles, parts } = history;
  const softReboots = Math.min(countMax, (history.softReboots ?? 0) + (isSoft ? 1 : 0));
  const part = (name: Part) => withDuration(parts[name], took[name]);
  return {
    cycles: { ...cycles, [result]: Math.min(countMax, cycles[result] + 1) },
    parts: { wait: part("wait"), drain: part("drain"), boot: part("boot"), return: part("return") },
    ...(softReboots > 0 && { softReboots }),
    ...(rebootedAt !== undefined && { rebootedAt }),
    last: lastCyclesAfter(history.last, ended),
  };
}

export interface EndedCycle {
  outcome: Pick<LastCycle, "result" | "at" | "message">;
  /** The need in the record. */
  need: { source: string; reasons: readonly string[] } | undefined;
  took: Took | undefined;
  /** When the new boot was seen, where one was. */
  rebootedAt?: string | undefined;
  /** The reboot was a soft one. */
  isSoft?: boolean;
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
