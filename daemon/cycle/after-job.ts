/**
 * The Job between the return and the uncordon. It also undoes for a restored node what the Job before the
 * reboot has begun. Pure.
 */
import { type Context, type Decision, type HookJob, save, wait } from "./decision.ts";
import { type Course, courseOf, withoutJobs } from "./hook-jobs.ts";
import type { CycleRecord } from "./record.ts";

/** A person is to repair what is wrong. */
const failedRecheckMs = 60_000;

/** The decision while the Job keeps the node from being uncordoned; else a note for the end of the cycle. */
export function afterJob(record: CycleRecord, context: Context): Decision | { note: string } {
  const { policy, now } = context;
  if (policy.afterJob === undefined) return { note: "" };
  const course = afterBoth(policy.afterJob, record, context, policy.afterJob.failed === "wait");
  switch (course.is) {
    case "to do":
      return course.decision;
    case "under way":
      return goOn(course, record);
    case "complete":
      return ended(record);
    case "failed": {
      if (policy.afterJob.failed === "go-on") return { note: `; ${course.why}` };
      const why = `${course.why}; once that is repaired and the Job deleted, it is run again; the node keeps its slot`;
      return { ...wait(why, now + failedRecheckMs), overdue: true };
    }
  }
}

/** Gates may keep the node cordoned for longer than the server keeps the Job. */
function ended(record: CycleRecord): Decision | { note: string } {
  if (record.afterJob === undefined || record.afterJob.is === "ended") return { note: "" };
  return save(
    { ...record, afterJob: { ...record.afterJob, is: "ended" } },
    "the Job after the reboot is complete",
  );
}

/**
 * Before a restored node releases its slot; undefined once there is nothing to undo. A Job that fails does
 * not keep the slot: the outcome names it.
 */
export function undo(record: CycleRecord, context: Context): Decision | undefined {
  const { policy } = context;
  if (record.beforeJob === undefined || policy.afterJob === undefined) return undefined;
  const course = afterBoth(policy.afterJob, record, context, false);
  switch (course.is) {
    case "to do":
      return course.decision;
    case "under way":
      return goOn(course, record);
    case "complete":
      return save({ ...record, ...withoutJobs }, "the Job after the reboot has undone the one before it");
    case "failed": {
      const { outcome } = record;
      const amended = outcome && { ...outcome, message: `${outcome.message}; not undone: ${course.why}` };
      return save({ ...record, ...withoutJobs, outcome: amended }, course.why);
    }
  }
}

/** Two Jobs that run at one time could end in either order. */
function afterBoth(job: HookJob, record: CycleRecord, context: Context, mayRunAgain: boolean): Course {
  const { policy, seen } = context;
  if (policy.beforeJob !== undefined && record.beforeJob !== undefined && record.afterJob === undefined) {
    const before = courseOf("before", policy.beforeJob, record, context);
    const isLook = before.is === "to do" && before.decision.action.do === "look";
    if (isLook || (before.is === "under way" && seen.beforeJob?.state === "running"))
      return before.is === "under way" ? { ...before, record } : before;
  }
  return courseOf("after", job, record, context, mayRunAgain);
}

function goOn(course: Extract<Course, { is: "under way" }>, record: CycleRecord): Decision {
  return course.record === record ? wait(course.what, course.lookAt) : save(course.record, course.what);
}
