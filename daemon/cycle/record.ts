import * as z from "zod/mini";

/** The annotation on the own Node that carries the record. */
export const recordAnnotation = "rebootd.dev/cycle";

export const phases = [
  "Idle",
  "Waiting",
  "Draining",
  "Rebooting",
  "Returning",
  "Settling",
  "Restoring",
  "Failed",
] as const;
export type Phase = (typeof phases)[number];

const time = z.iso.datetime();
const count = z._default(z.int().check(z.minimum(0)), 0);

const reasonSchema = z.object({ gate: z.string(), code: z.string(), message: z.string(), since: time });
const recordSchema = z.object({
  phase: z.enum(phases),
  since: time,
  need: z.optional(z.object({ source: z.string(), reasons: z.array(z.string()), since: time })),
  bootID: z.optional(z.string()),
  cordoned: z._default(z.boolean(), false),
  cordonedAgain: z._default(z.boolean(), false),
  announced: z._default(z.boolean(), false),
  labels: z._default(
    z.array(z.object({ key: z.string(), set: z.string(), found: z.optional(z.string()) })),
    [],
  ),
  taint: z.optional(z.string()),
  attempt: count,
  reboots: count,
  failures: count,
  reasons: z._default(z.array(reasonSchema), []),
  outcome: z.optional(
    z.object({ result: z.enum(["rebooted", "failed", "withdrawn"]), at: time, message: z.string() }),
  ),
});

/** Why a node waits: which gate, in a word, in a sentence, and since when. */
export type Reason = z.output<typeof reasonSchema>;

/**
 * A cycle as it survives a restart. Times are RFC 3339, UTC.
 * - `since`: when the phase began; deadlines count from it.
 * - `bootID`: the one under which the cycle began.
 * - `cordoned`: by us, so ours to undo.
 * - `cordonedAgain`: somebody has uncordoned the node in this cycle, and we have set it right once.
 * - `announced`: the labels and the taint are there, the cordon comes after a delay.
 * - `labels`: which labels the cycle has set to what, and what was there before.
 * - `taint`: key of the soft taint, where it is ours.
 * - `attempt`: how often the machine has been asked to reboot in this cycle.
 * - `reboots`: proved reboots that left the need standing.
 * - `failures`: failed cycles in a row, for the back-off.
 * - `outcome`: how the last cycle ended.
 */
export type CycleRecord = z.output<typeof recordSchema>;

/** Undefined where there is no record, or none that can be read (the second answer says why). */
export function parseRecord(annotation: string | undefined): { record?: CycleRecord; fault?: string } {
  if (annotation === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(annotation);
  } catch {
    return { fault: "it is not JSON" };
  }
  const parsed = recordSchema.safeParse(value);
  return parsed.success
    ? { record: parsed.data }
    : { fault: z.prettifyError(parsed.error).replaceAll("\n", " ") };
}

export function writeRecord(record: CycleRecord): string {
  return JSON.stringify(record);
}

export function idleRecord(now: number): CycleRecord {
  return {
    phase: "Idle",
    since: new Date(now).toISOString(),
    cordoned: false,
    cordonedAgain: false,
    announced: false,
    labels: [],
    attempt: 0,
    reboots: 0,
    failures: 0,
    reasons: [],
  };
}
