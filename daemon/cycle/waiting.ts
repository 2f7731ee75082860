/**
 * A node that waits says on its Node for what, but does not write that more often than anybody could read
 * it. Pure.
 */
import type { Closed, GateName } from "../gates/reasons.ts";
import type { Refusal } from "../lock/refusal.ts";
import { iso } from "../time/iso.ts";
import { type Context, type Decision, look, nodeGone, save } from "./decision.ts";
import { type NodeChange, soften } from "./marks.ts";
import { reasonsOf, reportAt, reported } from "./reasons.ts";
import type { CycleRecord } from "./record.ts";

/**
 * Reasons that come and go, as where two daemons of one node see different ones, are written no sooner
 * after so many in a minute.
 */
const reportAgainMs = 30_000;
const reportsMax = 3;
/**
 * Gates of a node that is to be drained next: operators and deschedulers that see the taint move what must
 * not be evicted.
 */
const softGates: readonly GateName[] = ["lock", "disruption", "opt-outs"];

/** Waits, and says so on the Node when the reasons are other ones than it says there now. */
export function waitingFor(
  record: CycleRecord,
  closed: readonly Closed[],
  wait: { until?: number; slot?: true },
  context: Context,
): Decision {
  const { seen, policy, now, isNeedReworded } = context;
  const why = closed.map(({ message }) => message).join("; ");
  const reasons = reasonsOf(record, closed, now);
  const softTaint = closed.every(({ gate }) => softGates.includes(gate)) ? policy.marks.softTaint : undefined;
  const reworded = isNeedReworded ? (seen.rewordAt ?? Number.NEGATIVE_INFINITY) : Number.POSITIVE_INFINITY;
  const due = Math.min(reworded, reportAt(record, reasons, seen.rewordAt));
  if (record.phase === "Waiting" && now < due && record.taint === softTaint) {
    const until = Math.min(wait.until ?? Number.POSITIVE_INFINITY, due);
    const timer = Number.isFinite(until) ? { until } : {};
    return { action: { do: "wait", ...wait, ...timer }, why, reasons };
  }
  const againAt = Date.parse(record.reportedAt ?? "") + reportAgainMs;
  if (record.phase === "Waiting" && seen.reportCount >= reportsMax && now < againAt) {
    const until = Math.min(wait.until ?? Number.POSITIVE_INFINITY, againAt);
    return { action: { do: "wait", ...wait, until }, why, reasons };
  }
  const since = record.phase === "Waiting" ? record.since : iso(now);
  const isForOptOuts = closed.some(({ gate }) => gate === "opt-outs");
  const optOutsSince = record.optOutsSince ?? (isForOptOuts ? iso(now) : undefined);
  const next: CycleRecord = { ...record, phase: "Waiting", since, optOutsSince, ...reported(reasons, now) };
  return { ...saveBetweenCycles(record, next, { why, softTaint }, context), reasons };
}

/**
 * A reason that depends on other Nodes is asked again, and the end of a window is seen; the lock tells of
 * all else. The names of other holders change too often for the record.
 */
export function refused(record: CycleRecord, refusal: Refusal, context: Context): Decision {
  const { seen, policy, now } = context;
  const { message, by = [], dependsOnNodes, until: endsAt = Number.POSITIVE_INFINITY } = refusal;
  const recheckAt = dependsOnNodes ? [now + policy.gateRecheckMs] : [];
  const until = Math.min(...recheckAt, endsAt, seen.gates?.changesAt ?? Number.POSITIVE_INFINITY);
  const timer = Number.isFinite(until) ? { until } : {};
  const decision = waitingFor(record, [refusal], { slot: true, ...timer }, context);
  return by.length === 0 ? decision : { ...decision, why: `${message}: ${by.slice(0, 5).join(", ")}` };
}

/** Outside the cycle only the soft taint and the approval are to be seen to. */
export function saveBetweenCycles(
  record: CycleRecord,
  next: CycleRecord,
  { why, softTaint, annotations = {} }: BetweenCycles,
  context: Context,
): Decision {
  const { node } = context.seen;
  if (record.taint === softTaint) return save({ ...next, taint: softTaint }, why, changeOf(annotations));
  if (node === undefined) return look("node");
  if (node === "gone") return nodeGone(context);
  const marking = soften(softTaint, record, node);
  return save({ ...next, ...marking.record }, why, { ...marking.change, ...changeOf(annotations) });
}

interface BetweenCycles {
  why: string;
  softTaint?: string | undefined;
  /** Null removes one. */
  annotations?: Record<string, null>;
}

function changeOf(annotations: Record<string, null>): NodeChange {
  return Object.keys(annotations).length > 0 ? { annotations } : {};
}
