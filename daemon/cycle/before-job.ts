/** The Job between the drain and the reboot. Pure. */
import type { Closed } from "../gates/reasons.ts";
import { type Context, type Decision, save, soonest, wait } from "./decision.ts";
import { courseOf, withoutJobs } from "./hook-jobs.ts";
import { reasonsOf, reportAt, reported } from "./reasons.ts";
import type { CycleRecord } from "./record.ts";
import { restore } from "./restoring.ts";

/** The decision while the Job keeps the reboot back; else the record and the sentence with which it follows. */
export function beforeJob(
  record: CycleRecord,
  why: string,
  context: Context,
): Decision | { record: CycleRecord; why: string } {
  const { seen, policy, now } = context;
  if (policy.beforeJob === undefined) return { record, why };
  const course = courseOf("before", policy.beforeJob, record, context);
  switch (course.is) {
    case "to do":
      return course.decision;
    case "under way": {
      const { what, due, lookAt } = course;
      const closed = { gate: "hooks", code: "job", message: what } as const satisfies Closed;
      const reasons = reasonsOf(record, [closed], now);
      const isShown = course.record === record && now < reportAt(record, reasons, seen.rewordAt);
      const until = soonest(lookAt, now < due ? due : undefined, seen.gates?.changesAt);
      if (isShown) return { ...wait(`${why}; ${what}`, until), reasons };
      return { ...save({ ...course.record, ...reported(reasons, now) }, `${why}; ${what}`), reasons };
    }
    case "complete":
      return { record: ended(record), why: `${why}; the Job before the reboot is complete` };
    case "failed":
      if (policy.beforeJob.failed === "go-on")
        return { record: ended(record), why: `${why}; ${course.why}; going on all the same` };
      return restore(course.hasBegun ? record : { ...record, ...withoutJobs }, "failed", course.why, context);
  }
}

/** However often the machine is asked to reboot, the Job is run once. */
function ended(record: CycleRecord): CycleRecord {
  return record.beforeJob === undefined
    ? record
    : { ...record, beforeJob: { ...record.beforeJob, is: "ended" } };
}
