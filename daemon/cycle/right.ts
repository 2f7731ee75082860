/** The right of a cycle to go on, confirmed again before each step that cannot be undone. Pure. */
import { type Context, type Decision, look, nodeGone, save } from "./decision.ts";
import { departureOf } from "./departing.ts";
import type { NodeFacts, Observation } from "./observation.ts";
import type { CycleRecord } from "./record.ts";
import { restore } from "./restoring.ts";

/** Confirms the right to go on; a node that has lost it is restored. */
export function confirm(
  record: CycleRecord,
  context: Context,
): { node: NodeFacts; request: string | undefined } | { lost: Decision } {
  const { node, lock, need } = context.seen;
  const withdrawn = (why: string) => ({ lost: restore(record, "withdrawn", why, context) });
  if (node === undefined) return { lost: look("node") };
  if (node === "gone") return { lost: nodeGone(context) };
  const departing = departureOf(node, context.policy.departingWhen);
  if (departing !== undefined) return withdrawn(departing.message);
  if (lock === undefined) return { lost: look("lock") };
  if (!lock.held) return withdrawn("this node no longer holds the slot");
  if (lock.refusal?.gate === "paused") return withdrawn(lock.refusal.message);
  if (!node.unschedulable && !record.announced) return { lost: uncordoned(record, context) };
  if (need === undefined) return { lost: look("need") };
  if (need.state !== "needed") return withdrawn("the reboot is no longer needed");
  return { node, request: need.request };
}

/**
 * One uncordon may be a mistake; a second one means that somebody wants the node now. That is a failure, so
 * that the back-off leaves the node alone.
 */
function uncordoned(record: CycleRecord, context: Context): Decision {
  if (record.cordonedAgain || record.phase !== "Draining") {
    return restore(record, "failed", "somebody uncordoned the node", context);
  }
  const why = "somebody uncordoned the node during the drain; cordoning it again, once";
  return save({ ...record, cordoned: true, cordonedAgain: true }, why, { cordon: "set" });
}

/** Nothing proves a reboot but another boot ID than the one before. */
export function countsFromNow(record: CycleRecord, { bootID }: Observation): Decision {
  return save(
    { ...record, bootID, softReboots: undefined },
    "the record has no boot ID; a reboot is proved by a change of the current one",
  );
}
