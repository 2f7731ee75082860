/**
 * The end of a cycle that has no proved reboot: the node is as it was found, and the slot goes to others.
 * Pure.
 */
import { iso } from "../time/iso.ts";
import { undo } from "./after-job.ts";
import {
  type Context,
  type Decision,
  look,
  nodeGone,
  phase,
  released,
  save,
  transientRecheckMs,
  wait,
} from "./decision.ts";
import { failed } from "./failed.ts";
import { historyAfter } from "./history.ts";
import { withoutJobs } from "./hook-jobs.ts";
import { unmark, unmarked } from "./marks.ts";
import type { CycleRecord } from "./record.ts";
import { ended } from "./settling.ts";

/**
 * Undoes what the cycle has done to the Node, but never on a machine that is going down. The phase after
 * it releases the slot.
 */
export function restore(
  record: CycleRecord,
  result: "failed" | "withdrawn",
  message: string,
  context: Context,
): Decision {
  const { seen, policy, now } = context;
  if (seen.node === undefined) return look("node");
  if (seen.node === "gone") return nodeGone(context);
  if (seen.shutdown === undefined) return look("shutdown");
  if (seen.shutdown === "under-way") {
    return wait(`${message}, but the machine is already going down`, now + transientRecheckMs);
  }
  const outcome: CycleRecord["outcome"] = {
    result,
    at: iso(now),
    message,
    ...(result === "failed" && isBeforeReboot(record) && { during: "drain" }),
  };
  return save(
    {
      ...phase(record, "Restoring", now),
      ...unmarked,
      ...((record.beforeJob === undefined || policy.afterJob === undefined) && withoutJobs),
      askedAt: undefined,
      reasons: [],
      outcome,
      failures: record.failures + (result === "failed" ? 1 : 0),
      withdrawals: record.withdrawals + (result === "withdrawn" ? 1 : 0),
      history: historyAfter(record.history, { outcome, need: record.need, took: record.tookMs }),
    },
    `${message}; restoring the node`,
    unmark(policy.marks, record, seen.node),
  );
}

/**
 * Tells whether the machine has not been asked to reboot in this cycle, so that nothing but its pods can
 * have been in the way.
 */
function isBeforeReboot({ phase, attempt, askedAt }: CycleRecord): boolean {
  return phase === "Draining"
    ? attempt === 0
    : phase === "Rebooting" && attempt <= 1 && askedAt === undefined;
}

export function restoring(record: CycleRecord, context: Context): Decision {
  const undoing = undo(record, context);
  if (undoing !== undefined) return undoing;
  const release = released(record, context, "node restored; releasing the slot", record.outcome);
  if (release !== undefined) return release;
  if (record.outcome?.result !== "failed") return ended(record, context);
  return failed(record, `failed: ${record.outcome.message}`, context);
}

/**
 * At rest nothing of ours is on the Node; there is where the record is another version's, or was written
 * by hand.
 */
export function leftBehind(record: CycleRecord, context: Context): Decision | undefined {
  if (!record.cordoned && record.labels.length === 0) return undefined;
  return restore(record, "withdrawn", record.outcome?.message ?? "the cycle was interrupted", context);
}
