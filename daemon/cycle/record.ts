import * as z from "zod/mini";
import { mailSchema } from "../notify/mail.ts";
import { annotationsMaxChars, parseBoundedJson } from "../text/bounded-json.ts";
import { plainJson } from "../text/one-line.ts";
import { iso } from "../time/iso.ts";
import { type History, historySchema } from "./history.ts";
import { outcomeNames } from "./outcomes.ts";
import { tookSchema } from "./took.ts";

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

/** An unreadable time counts as long ago, so that no node waits for a deadline that may never come. */
const time = z.catch(z.iso.datetime(), "1970-01-01T00:00:00.000Z");
const count = z.catch(z.int().check(z.minimum(0)), 0);
const flag = z.catch(z.boolean(), false);

const reasonSchema = z.object({ gate: z.string(), code: z.string(), message: z.string(), since: time });
const labelSchema = z.object({ key: z.string(), set: z.string(), found: z.optional(z.string()) });
/** `since`: when it was asked for. `seen`: the server has shown it, so that it is not created again. */
const jobSchema = z.catch(
  z.optional(z.object({ id: z.string(), since: time, is: z.enum(["asked", "seen", "ended"]) })),
  undefined,
);
const recordSchema = z.object({
  phase: z.enum(phases),
  since: time,
  need: z.catch(
    z.optional(
      z.object({
        source: z.string(),
        reasons: z.array(z.string()),
        since: time,
        urgency: z.catch(z.optional(z.literal("low")), undefined),
      }),
    ),
    undefined,
  ),
  bootID: z.catch(z.optional(z.string()), undefined),
  softReboots: z.catch(z.optional(z.int().check(z.minimum(0))), undefined),
  cordoned: flag,
  cordonedAgain: flag,
  announced: flag,
  labels: z.catch(z.array(labelSchema), []),
  taint: z.catch(z.optional(z.string()), undefined),
  ownPods: z.catch(
    z.optional(z.object({ ready: z.array(z.string()), unready: z.array(z.string()) })),
    undefined,
  ),
  readinessTaints: z.catch(z.optional(z.array(z.string())), undefined),
  request: z.catch(z.optional(z.string()), undefined),
  acceptedAt: z.catch(z.optional(z.iso.datetime()), undefined),
  leftAt: z.catch(z.optional(z.iso.datetime()), undefined),
  attempt: count,
  askedAt: z.catch(z.optional(z.iso.datetime()), undefined),
  lock: z.catch(z.optional(z.string()), undefined),
  reboots: count,
  failures: count,
  withdrawals: count,
  slowGraceSeconds: z.catch(z.optional(z.int().check(z.minimum(0))), undefined),
  optOutsSince: z.catch(z.optional(z.iso.datetime()), undefined),
  lastDrainMs: z.catch(z.optional(z.int().check(z.minimum(0))), undefined),
  reasons: z.catch(z.array(reasonSchema), []),
  reportedAt: z.catch(z.optional(z.iso.datetime()), undefined),
  outcome: z.catch(
    z.optional(
      z.object({
        result: z.enum(outcomeNames),
        at: time,
        message: z.string(),
        during: z.catch(z.optional(z.literal("drain")), undefined),
      }),
    ),
    undefined,
  ),
  tookMs: z.catch(z.optional(tookSchema), undefined),
  history: z.catch(z.optional(historySchema), undefined),
  beforeJob: jobSchema,
  afterJob: jobSchema,
  mail: z.catch(z.optional(mailSchema), undefined),
});

/** A closed gate as the record keeps it; gates and codes of other versions are kept as text. */
export type Reason = z.output<typeof reasonSchema>;

/**
 * A cycle as it survives a restart. Times are RFC 3339, UTC. Written with a `version`.
 * - `since`: when the phase began; deadlines count from it.
 * - `bootID`: the one under which the cycle began.
 * - `softReboots`: the count of soft reboots under which it began, where it is to end with a soft reboot.
 * - `cordoned`: by us, so ours to undo.
 * - `cordonedAgain`: somebody has uncordoned the node in this cycle, and we have set it right once.
 * - `announced`: the labels and the taint are there, the cordon comes after a delay.
 * - `labels`: which labels the cycle has set to what, and what was there before.
 * - `taint`: key of the soft taint, where it is ours.
 * - `ownPods`: of what the node is of no use without, as "namespace/name", what was there before the cordon:
 *   the DaemonSets that had a Ready pod, and what was not Ready.
 * - `readinessTaints`: keys of taints by which others kept pods off the node before the cordon.
 * - `request`: the annotation that asks for a reboot, as it was last accepted.
 * - `acceptedAt`: when a request has lifted a limit of the node last, or was served by a reboot: the next
 *   one is not accepted at once.
 * - `leftAt`: when the last cycle has left the lock, however it went: those that wait since before go first.
 * - `attempt`: how often the machine was to be asked to reboot in this cycle.
 * - `askedAt`: when it was asked the last time. From then on the node counts as down; without it the machine
 *   was not asked.
 * - `lock`: which lock the slot of the cycle is in, see {@link lockText}.
 * - `reboots`: proved reboots that left the need standing.
 * - `lastDrainMs`: how long the last cycle took from the slot to the reboot.
 * - `slowGraceSeconds`: the shortest grace of the pods that were still ending when a drain of this node was
 *   given up, where it is longer than the drain was; until the need has gone, or a person asks.
 * - `optOutsSince`: when the node first waited for nothing but pods that ask for time; until the need has gone.
 * - `reportedAt`: when the reasons were written.
 * - `failures`: failed cycles in a row, for the back-off.
 * - `withdrawals`: cycles in a row that were cancelled, for the back-off after them.
 * - `outcome`: how the last cycle ended. `during`: it has failed before the machine was asked to reboot,
 *   with the drain or what goes with it.
 * - `tookMs`: how long the parts of this cycle took that are over; it goes with the cycle.
 * - `beforeJob`, `afterJob`: the Jobs that this cycle runs; `id` makes their names. They are written before
 *   the Jobs are created, so that none runs twice, and go once the cycle has ended or what they did is undone.
 * - `mail`: messages to people that are still to be sent.
 * - `history`: how all cycles of this Node ended, and how long their parts took, and the last few of
 *   them each; undefined before the first.
 */
export type CycleRecord = z.output<typeof recordSchema>;

/**
 * Undefined where there is no record, or none that can be read (the second answer says why). A record of an
 * older or newer version is read as far as it can be: fields that are missing or not understood are as at
 * rest, unknown ones are left out. A phase that is not known is a cycle that cannot be gone on with: what it
 * has done to the Node is undone.
 */
export function parseRecord(annotation: string | undefined): { record?: CycleRecord; fault?: string } {
  if (annotation === undefined) return {};
  let value: unknown;
  try {
    value = parseBoundedJson(annotation, { maxChars: annotationsMaxChars });
  } catch (error) {
    return { fault: (error as Error).message };
  }
  if (!hasPhase(value)) return { fault: "it is no object with a phase" };
  const { phase } = value;
  const renamed = withNewNames(value);
  if (isPhase(phase)) return { record: rested(value, recordSchema.parse(renamed)) };
  const message = `the record names the phase ${JSON.stringify(phase.slice(0, 40))}, which this version does not know`;
  const outcome = { result: "withdrawn", at: iso(0), message };
  return { record: recordSchema.parse({ ...renamed, phase: "Waiting", outcome }) };
}

/** Fields by the names that the release before this one writes; the next release no longer reads them. */
const formerNames = { saidAt: "reportedAt", heededAt: "acceptedAt" } as const;

function withNewNames(value: object): object {
  const known = Object.entries(value).map(([name, field]) => [newNameOf(name), field] as const);
  // A new name wins where a record has both.
  return { ...Object.fromEntries(known), ...value };
}

function newNameOf(name: string): string {
  return Object.hasOwn(formerNames, name) ? formerNames[name as keyof typeof formerNames] : name;
}

/** A version that does not count the cancelled cycles is to back off after one all the same. */
function rested(value: object, record: CycleRecord): CycleRecord {
  const isUncounted = !("withdrawals" in value) && record.outcome?.result === "withdrawn";
  return isUncounted ? { ...record, withdrawals: 1 } : record;
}

function hasPhase(value: unknown): value is { phase: string } {
  return typeof value === "object" && value !== null && "phase" in value && typeof value.phase === "string";
}

function isPhase(text: string): text is Phase {
  return (phases as readonly string[]).includes(text);
}

/**
 * All times of the record as they are once the wall clock was set by so many milliseconds: what has passed
 * stays the same.
 */
export function shifted(record: CycleRecord, ms: number): CycleRecord {
  return mapTimes(record, (time) => iso(Date.parse(time) + ms));
}

/**
 * A time from the future is from a clock that has been set back since: nothing is known to have passed,
 * and not less.
 */
export function clamped(record: CycleRecord, now: number): CycleRecord {
  return mapTimes(record, (time) => (Date.parse(time) > now ? iso(now) : time));
}

function mapTimes(record: CycleRecord, change: (time: string) => string): CycleRecord {
  const { since, need, reasons, acceptedAt, leftAt, askedAt, optOutsSince, reportedAt, outcome, history } =
    record;
  const { beforeJob, afterJob } = record;
  return {
    ...record,
    since: change(since),
    reasons: reasons.map((reason) => ({ ...reason, since: change(reason.since) })),
    ...(need !== undefined && { need: { ...need, since: change(need.since) } }),
    ...(acceptedAt !== undefined && { acceptedAt: change(acceptedAt) }),
    ...(leftAt !== undefined && { leftAt: change(leftAt) }),
    ...(askedAt !== undefined && { askedAt: change(askedAt) }),
    ...(optOutsSince !== undefined && { optOutsSince: change(optOutsSince) }),
    ...(reportedAt !== undefined && { reportedAt: change(reportedAt) }),
    ...(outcome !== undefined && { outcome: { ...outcome, at: change(outcome.at) } }),
    ...(history !== undefined && { history: withTimes(history, change) }),
    ...(beforeJob !== undefined && { beforeJob: { ...beforeJob, since: change(beforeJob.since) } }),
    ...(afterJob !== undefined && { afterJob: { ...afterJob, since: change(afterJob.since) } }),
  };
}

function withTimes(history: History, change: (time: string) => string): History {
  const { rebootedAt } = history;
  return {
    ...history,
    ...(rebootedAt !== undefined && { rebootedAt: change(rebootedAt) }),
    last: history.last.map((cycle) => ({ ...cycle, at: change(cycle.at) })),
  };
}

/** Outside a cycle. */
export function isAtRest({ phase }: Pick<CycleRecord, "phase">): boolean {
  return phase === "Idle" || phase === "Waiting" || phase === "Failed";
}

/** From the slot until the uncordon. */
export function isInCycle(record: Pick<CycleRecord, "phase">): boolean {
  return !isAtRest(record) && record.phase !== "Settling";
}

/**
 * Tells whether a Node with this record is between its cordon and its return, and so counts as down for
 * others.
 */
export function isUnderWay(annotation: string | undefined): boolean {
  const { record } = parseRecord(annotation);
  return record !== undefined && isInCycle(record) && !record.announced;
}

export function writeRecord(record: CycleRecord): string {
  return plainJson({ version: recordVersion, ...record });
}

export function idleRecord(now: number): CycleRecord {
  return {
    phase: "Idle",
    since: iso(now),
    cordoned: false,
    cordonedAgain: false,
    announced: false,
    labels: [],
    attempt: 0,
    reboots: 0,
    failures: 0,
    withdrawals: 0,
    reasons: [],
  };
}

/** A failed node after a person has reset it: the need stands, and nothing keeps it from trying again. */
export const unfailed = {
  phase: "Waiting",
  failures: 0,
  withdrawals: 0,
  reboots: 0,
  slowGraceSeconds: undefined,
  acceptedAt: undefined,
  leftAt: undefined,
  reasons: [],
} satisfies Partial<CycleRecord>;

/**
 * Tells whether a limit that a request lifts holds the node back: a back-off, or too many failures or
 * reboots.
 */
export function isHeldBack({ phase, failures, withdrawals, reboots }: CycleRecord): boolean {
  return phase === "Failed" || failures + withdrawals + reboots > 0;
}

/**
 * Once no reboot is needed: of cycles before only how they went is kept, and when the last one did. A request that is
 * taken back lifts what a new one would lift.
 */
export function idleAfter(record: CycleRecord, now: number): CycleRecord {
  const { outcome, lastDrainMs, leftAt, request, history, mail } = record;
  const acceptedAt = request !== undefined && isHeldBack(record) ? iso(now) : record.acceptedAt;
  return { ...idleRecord(now), outcome, lastDrainMs, acceptedAt, leftAt, history, mail };
}
