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

/** Raised when a field changes its meaning; new fields alone do not raise it. */
const recordVersion = 1;

/** What cannot be read counts as long ago, so that no deadline is waited for that may never come. */
const time = z.catch(z.iso.datetime(), "1970-01-01T00:00:00.000Z");
const count = z.catch(z.int().check(z.minimum(0)), 0);
const flag = z.catch(z.boolean(), false);

const reasonSchema = z.object({ gate: z.string(), code: z.string(), message: z.string(), since: time });
const labelSchema = z.object({ key: z.string(), set: z.string(), found: z.optional(z.string()) });
const recordSchema = z.object({
  phase: z.enum(phases),
  since: time,
  need: z.catch(
    z.optional(z.object({ source: z.string(), reasons: z.array(z.string()), since: time })),
    undefined,
  ),
  bootID: z.catch(z.optional(z.string()), undefined),
  cordoned: flag,
  cordonedAgain: flag,
  announced: flag,
  labels: z.catch(z.array(labelSchema), []),
  taint: z.catch(z.optional(z.string()), undefined),
  request: z.catch(z.optional(z.string()), undefined),
  attempt: count,
  reboots: count,
  failures: count,
  lastDrainMs: z.catch(z.optional(z.int().check(z.minimum(0))), undefined),
  reasons: z.catch(z.array(reasonSchema), []),
  saidAt: z.catch(z.optional(z.iso.datetime()), undefined),
  outcome: z.catch(
    z.optional(
      z.object({ result: z.enum(["rebooted", "failed", "withdrawn"]), at: time, message: z.string() }),
    ),
    undefined,
  ),
});

/** Why a node waits: which gate, in a word, in a sentence, and since when. */
export type Reason = z.output<typeof reasonSchema>;

/**
 * A cycle as it survives a restart. Times are RFC 3339, UTC. Written with a `version`.
 * - `since`: when the phase began; deadlines count from it.
 * - `bootID`: the one under which the cycle began.
 * - `cordoned`: by us, so ours to undo.
 * - `cordonedAgain`: somebody has uncordoned the node in this cycle, and we have set it right once.
 * - `announced`: the labels and the taint are there, the cordon comes after a delay.
 * - `labels`: which labels the cycle has set to what, and what was there before.
 * - `taint`: key of the soft taint, where it is ours.
 * - `request`: the annotation that asks for a reboot, as it was last heeded.
 * - `attempt`: how often the machine has been asked to reboot in this cycle.
 * - `reboots`: proved reboots that left the need standing.
 * - `lastDrainMs`: how long the last cycle took from the slot to the reboot.
 * - `saidAt`: when the reasons were written.
 * - `failures`: failed cycles in a row, for the back-off.
 * - `outcome`: how the last cycle ended.
 */
export type CycleRecord = z.output<typeof recordSchema>;

/**
 * Undefined where there is no record, or none that can be read (the second answer says why). A record of an older or newer
 * version is read as far as it can be: fields that are missing or not understood are as at rest, unknown ones are left out.
 * A phase that is not known is a cycle that cannot be gone on with: what it has done to the Node is undone.
 */
export function parseRecord(annotation: string | undefined): { record?: CycleRecord; fault?: string } {
  if (annotation === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(annotation);
  } catch {
    return { fault: "it is not JSON" };
  }
  if (!hasPhase(value)) return { fault: "it is no object with a phase" };
  const { phase } = value;
  if (isPhase(phase)) return { record: recordSchema.parse(value) };
  const message = `the record names the phase ${JSON.stringify(phase.slice(0, 40))}, which this version does not know`;
  const outcome = { result: "withdrawn", at: new Date(0).toISOString(), message };
  return { record: recordSchema.parse({ ...value, phase: "Waiting", outcome }) };
}

function hasPhase(value: unknown): value is { phase: string } {
  return typeof value === "object" && value !== null && "phase" in value && typeof value.phase === "string";
}

function isPhase(text: string): text is Phase {
  return (phases as readonly string[]).includes(text);
}

export function writeRecord(record: CycleRecord): string {
  return JSON.stringify({ version: recordVersion, ...record });
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

/** Once no reboot is needed: of cycles before only how the last one went is kept. */
export function atEase({ outcome, lastDrainMs }: CycleRecord, now: number): CycleRecord {
  return { ...idleRecord(now), outcome, lastDrainMs };
}
