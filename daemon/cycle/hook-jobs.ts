/**
 * The course of a hook Job: written into the record, created, seen, ended. The record comes first, so that a
 * daemon that is killed in between finds the same Job again. Pure.
 */
import { grownMs } from "../time/backoff.ts";
import { iso } from "../time/iso.ts";
import { type Context, type Decision, type HookJob, look, save } from "./decision.ts";
import type { Hook, JobState } from "./observation.ts";
import type { CycleRecord } from "./record.ts";
import { serverWords } from "./refused.ts";

/** Nobody reports on a Job. Most end soon, and a long one may take hours. */
const pauses = { firstMs: 5000, maxMs: 60_000 };
/** The server ends a Job that is late. It is waited for a little longer, for the reason that it gives. */
const lateGraceMs = 20_000;

/** How it stands with a Job. `record`: as it is to be written, where it is another one than the Node carries. */
export type Course =
  | { is: "to do"; decision: Decision }
  | { is: "under way"; record: CycleRecord; what: string; due: number; lookAt: number }
  | { is: "complete" }
  /** `hasBegun`: it may have done a part of its work. */
  | { is: "failed"; why: string; hasBegun: boolean };

type Known = NonNullable<CycleRecord["beforeJob"]>;

/** The pause before the next look at a Job of this age; milliseconds. */
export function jobPauseMs(ageMs: number): number {
  return grownMs(Math.floor(ageMs / 60_000) + 1, pauses);
}

/** `mayRunAgain`: a Job that somebody has deleted, or that could not be created in time, is created all the same. */
export function courseOf(
  hook: Hook,
  { timeoutMs }: HookJob,
  record: CycleRecord,
  context: Context,
  mayRunAgain = false,
): Course {
  const { seen, now } = context;
  const known = record[`${hook}Job`];
  if (known === undefined)
    return toDo(ask(hook, now.toString(36), record, now), `the Job ${hook} the reboot is due`);
  if (known.is === "ended") return { is: "complete" };
  const found = seen[`${hook}Job`];
  if (found === undefined) return { is: "to do", decision: look(`${hook} job`) };
  const due = Date.parse(known.since) + timeoutMs + seen.unreachableMs;
  const lookAt = now + jobPauseMs(now - Date.parse(known.since));
  switch (found.state) {
    case "complete":
      return { is: "complete" };
    case "failed":
      return { is: "failed", why: `the Job ${found.job} has failed: ${found.why}`, hasBegun: true };
    case "unknown": {
      const what = `cannot tell how it stands with the Job ${found.job}: ${found.why}`;
      if (now >= due + lateGraceMs) return { is: "failed", why: what, hasBegun: true };
      return { is: "under way", record, what, due, lookAt };
    }
    case "running": {
      const what = `waiting for the Job ${found.job} to end`;
      if (now >= due + lateGraceMs)
        return { is: "failed", why: `the Job ${found.job} did not end in time`, hasBegun: true };
      const next = { ...record, [`${hook}Job`]: { ...known, is: "seen" } satisfies Known };
      return { is: "under way", record: known.is === "seen" ? record : next, what, due, lookAt };
    }
    case "absent":
      return absent(hook, found, { known, due, mayRunAgain }, record, context);
  }
}

function absent(
  hook: Hook,
  { job }: JobState,
  { known, due, mayRunAgain }: { known: Known; due: number; mayRunAgain: boolean },
  record: CycleRecord,
  { seen, now }: Context,
): Course {
  if (known.is === "seen") {
    if (mayRunAgain)
      return toDo(ask(hook, known.id, record, now), `the Job ${job} was deleted; running it again`);
    return { is: "failed", why: `somebody deleted the Job ${job}`, hasBegun: true };
  }
  const setback = seen.setbacks[`run the ${hook} job`];
  const cannot = `cannot create the Job ${job}${setback === undefined ? "" : `: ${serverWords(setback.why)}`}`;
  const holds = setback !== undefined && now < setback.until;
  if (now >= due && (holds || !mayRunAgain)) return { is: "failed", why: cannot, hasBegun: true };
  if (now >= due) return toDo(ask(hook, known.id, record, now), `${cannot}; trying again`);
  if (holds) {
    if (setback.isRefused) return { is: "failed", why: cannot, hasBegun: false };
    return { is: "under way", record, what: cannot, due, lookAt: setback.until };
  }
  const action = { do: "run job", hook, id: known.id, deadline: due } as const;
  return { is: "to do", decision: { action, why: `creating the Job ${job}` } };
}

function ask(hook: Hook, id: string, record: CycleRecord, now: number): CycleRecord {
  return { ...record, [`${hook}Job`]: { id, since: iso(now), is: "asked" } satisfies Known };
}

function toDo(record: CycleRecord, why: string): Course {
  return { is: "to do", decision: save(record, why) };
}

/** The cycle has run no Job, or all that they did is undone. */
export const withoutJobs = { beforeJob: undefined, afterJob: undefined } satisfies Partial<CycleRecord>;
