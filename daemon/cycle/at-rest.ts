import type { Closed, GateName } from "../gates/reasons.ts";
import type { Need } from "../host/need/need.ts";
import type { Refusal } from "../lock/refusal.ts";
import { count } from "../text/count.ts";
import { iso, toTheSecond } from "../time/iso.ts";
import {
  type Context,
  type Decision,
  look,
  lookAtGates,
  nodeGone,
  phase,
  released,
  save,
  wait,
} from "./decision.ts";
import { mark, type NodeChange, soften } from "./marks.ts";
import type { NodeFacts, Observation, OwnPods } from "./observation.ts";
import { reasonsOf, reportAt, reported } from "./reasons.ts";
import { type CycleRecord, idleAfter, isHeldBack, unfailed } from "./record.ts";
import { serverWords } from "./refused.ts";
import { acceptedFrom } from "./request.ts";

const restMaxMs = 3_600_000;
/**
 * How long a node rests after so many cycles in a row that did not succeed. A failure may have been a moment's; what has been
 * broken off for another reason mostly waits for that to change anyway, and two that undo each other must not go on at it.
 */
const rests = {
  failed: { firstMs: 60_000, factor: 2 },
  withdrawn: { firstMs: 2 * 60_000, factor: 5 },
};
/** Reasons that come and go, as where two daemons of one node see different ones, are written no sooner after so many in a minute. */
const reportAgainMs = 30_000;
const reportsMax = 3;
/** What a node waits for that is to be drained next; operators and deschedulers that see the taint move what must not be evicted. */
const softGates: readonly GateName[] = ["lock", "disruption"];
/** A cycle that the API server does not let begin has failed after so many tries; at once where it refuses it in so many words. */
const beginTriesMax = 3;

/** Outside a cycle: whether one is needed, whether anything speaks against it, and the slot. Ends with the cordon. */
export function betweenCycles(record: CycleRecord, context: Context): Decision {
  const { seen, policy, now } = context;
  const { need } = seen;
  if (need === undefined) return look("need");
  if (need.state !== "needed") {
    const why =
      need.state === "unknown"
        ? `cannot tell whether a reboot is needed: ${need.why}`
        : "no reboot is needed";
    const leftover = leftoverSlot(record, context, why);
    if (leftover !== undefined) return leftover;
    if (need.state === "unknown") return unknown(record, why, context);
    if (record.phase === "Idle") return wait(why);
    return rest(record, idleAfter(record, now), { why }, context);
  }

  const acceptAt = acceptedFrom(record, need.request, now);
  if (need.request !== record.request && acceptAt === undefined) return heed(record, need, context);
  const needy = { ...record, need: neededSince(record, need, seen, now) };
  const rested = resting(needy, acceptAt, context);
  if (rested !== undefined) return leftoverSlot(needy, context, rested.why) ?? rested;
  const refusedTo = stuck(needy, context);
  if (refusedTo !== undefined) return refusedTo;
  // Long before its turn, so that what is refused is known before the window opens.
  if (!seen.isRehearsed) {
    if (seen.node === undefined) return look("node");
    return seen.node === "gone" ? nodeGone(context) : look("rehearsal");
  }

  if (seen.gates === undefined) return lookAtGates("start");
  const { changesAt = Number.POSITIVE_INFINITY } = seen.gates;
  const pauses = [pausing(needy, now), soonAgain(needy, acceptAt)].filter((one) => one !== undefined);
  const closed = [...seen.gates.closed, ...pauses.map((pause) => pause.closed)];
  if (closed.length > 0) {
    const why = closed.map((gate) => gate.message).join("; ");
    const recheckAt = seen.gates.closed.length > 0 ? now + policy.gateRecheckMs : Number.POSITIVE_INFINITY;
    const until = Math.min(recheckAt, changesAt, ...pauses.map((pause) => pause.until));
    return leftoverSlot(needy, context, why) ?? waitingFor(needy, closed, { until }, context);
  }

  if (seen.lock === undefined) return look("lock");
  const { held, refusal } = seen.lock;
  if (refusal !== undefined) {
    return leftoverSlot(needy, context, refusal.message) ?? refused(needy, refusal, context);
  }
  if (!held && !seen.turn)
    return {
      action: { do: "wait", slot: true },
      why: "slot free; waiting briefly so that nodes that waited longer go first",
    };
  if (seen.gates.stage !== "slot") return lookAtGates("slot");
  if (seen.node === undefined) return look("node");
  if (seen.node === "gone") return nodeGone(context);
  if (seen.ownPods === undefined) return look("pods");
  if (seen.ownPods.state === "unknown") {
    const message = `cannot tell which pods of this node are Ready: ${seen.ownPods.why}`;
    const until = now + policy.gateRecheckMs;
    return (
      leftoverSlot(needy, context, message) ??
      waitingFor(needy, [{ gate: "node", code: "cannot-tell", message }], { until }, context)
    );
  }
  if (!held) return { action: { do: "acquire" }, why: "a reboot is needed and no gate is closed" };
  return begin(needy, seen.node, recorded(seen.ownPods), context);
}

/** Whoever asks for a reboot knows better than the failures before; but not again and again. */
function heed(
  record: CycleRecord,
  need: Extract<Need, { state: "needed" }>,
  { seen, now }: Context,
): Decision {
  const next = { ...record, need: neededSince(record, need, seen, now), request: need.request };
  if (need.request === undefined)
    return save(next, "the request was withdrawn, but a reboot is still needed");
  const why = `a reboot is ${need.reasons[0]}`;
  const acceptedAt = isHeldBack(record) ? iso(now) : record.acceptedAt;
  // Its place among those that wait is not for the asking.
  const { leftAt } = record;
  return save({ ...phase(next, "Waiting", now), ...unfailed, acceptedAt, leftAt }, why);
}

/** "Cannot tell" is no proof that the need has gone, nor that there is one: the Node says so. */
function unknown(record: CycleRecord, message: string, context: Context): Decision {
  if (record.phase === "Failed") return wait(message);
  return waitingFor(record, [{ gate: "need", code: "cannot-tell", message }], {}, context);
}

/** A Node has room for so many names; what is left out counts only as far as it is there after the reboot. */
const ownPodsMax = 50;

function recorded({ ready, unready }: Extract<OwnPods, { state: "seen" }>): CycleRecord["ownPods"] {
  return {
    ready: ready.slice(0, ownPodsMax),
    unready: unready.slice(0, ownPodsMax).map(({ key }) => key),
  };
}

/** One patch: the labels and the taint, and the cordon with them unless it is to come later. */
function begin(
  record: CycleRecord,
  node: NodeFacts,
  ownPods: CycleRecord["ownPods"],
  { seen, policy, now }: Context,
): Decision {
  const marking = mark(policy.marks, record, node);
  const next: CycleRecord = {
    ...phase(record, "Draining", now),
    ...marking.record,
    bootID: seen.bootID,
    ownPods,
    announced: true,
    cordonedAgain: false,
    attempt: 0,
    askedAt: undefined,
    lock: policy.lock,
    reasons: [],
  };
  if (policy.drainDelayMs > 0) {
    return beginning(next, "slot acquired; cordoning after --drain-delay", marking.change);
  }
  const cordoned = cordon(next, node, now);
  const change = { ...marking.change, ...cordoned.change };
  return beginning(cordoned.record, "slot acquired; cordoning and draining", change);
}

function beginning(record: CycleRecord, why: string, change: NodeChange): Decision {
  return { action: { do: "save", record, change, trial: "begin" }, why };
}

/**
 * What the API server refuses is not tried without pause, and the Node says so. A slot with which nothing can be begun goes to
 * others, as a failure of this node.
 */
function stuck(record: CycleRecord, context: Context): Decision | undefined {
  const { seen, now } = context;
  const { acquire, begin, rehearse } = seen.setbacks;
  const begun = [begin, rehearse].find((one) => one !== undefined && now < one.until);
  // Once its time has come it is tried once more.
  if (begun !== undefined) {
    const message = `the API server rejects the start of the cycle: ${serverWords(begun.why)}`;
    // Until then nothing that is looked at would be of use.
    if (!begun.isRefused && begun.times < beginTriesMax) return wait(message, begun.until);
    const outcome = { result: "failed", at: iso(now), message, during: "drain" } as const;
    return (
      released(record, context, message, outcome) ??
      unwritable(record, { gate: "node", message }, begun.until, context)
    );
  }
  if (acquire !== undefined && now < acquire.until) {
    const message = `the lock cannot be written: ${serverWords(acquire.why)}`;
    return unwritable(record, { gate: "lock", message }, acquire.until, context);
  }
  return undefined;
}

function unwritable(
  record: CycleRecord,
  what: { gate: "node" | "lock"; message: string },
  until: number,
  context: Context,
): Decision {
  return waitingFor(record, [{ ...what, code: "unwritable" }], { until }, context);
}

/** What is cordoned already is somebody else's, and stays so. */
export function cordon(
  record: CycleRecord,
  { unschedulable }: NodeFacts,
  now: number,
): { record: CycleRecord; change: NodeChange } {
  return {
    record: { ...record, since: iso(now), announced: false, cordoned: record.cordoned || !unschedulable },
    change: unschedulable ? {} : { cordon: "set" },
  };
}

/** Outside the cycle only the soft taint is to be seen to. */
function rest(
  record: CycleRecord,
  next: CycleRecord,
  { why, softTaint }: { why: string; softTaint?: string | undefined },
  context: Context,
): Decision {
  const { node } = context.seen;
  if (record.taint === softTaint) return save({ ...next, taint: softTaint }, why);
  if (node === undefined) return look("node");
  if (node === "gone") return nodeGone(context);
  const marking = soften(softTaint, record, node);
  return save({ ...next, ...marking.record }, why, marking.change);
}

/**
 * What only other Nodes tell is asked again, and a window that ends is seen; all else is told by the lock. Who is in the
 * way changes too often for the record.
 */
function refused(record: CycleRecord, refusal: Refusal, context: Context): Decision {
  const { seen, policy, now } = context;
  const { message, by = [], dependsOnNodes } = refusal;
  const recheckAt = dependsOnNodes ? [now + policy.gateRecheckMs] : [];
  const until = Math.min(...recheckAt, seen.gates?.changesAt ?? Number.POSITIVE_INFINITY);
  const timer = Number.isFinite(until) ? { until } : {};
  const decision = waitingFor(record, [refusal], { slot: true, ...timer }, context);
  return by.length === 0 ? decision : { ...decision, why: `${message}: ${by.slice(0, 5).join(", ")}` };
}

/** A slot that is held while nothing may be done with it: from a crash before the cordon, or an answer that was lost. */
function leftoverSlot(record: CycleRecord, context: Context, why: string): Decision | undefined {
  return released(record, context, `releasing a slot that is not needed now: ${why}`);
}

/** Why a needed reboot is not even tried now; a request that is not heeded yet may change that. */
function resting(record: CycleRecord, acceptAt: number | undefined, context: Context): Decision | undefined {
  const { policy, now } = context;
  if (record.reboots >= policy.maxRebootsPerNeed) {
    const why = `still requires a reboot after ${count(record.reboots, "confirmed reboot")}; another one would not help`;
    return record.phase === "Failed"
      ? wait(why, acceptAt)
      : rest(record, phase(record, "Failed", now), { why }, context);
  }
  const last = record.outcome?.message ?? "unknown why";
  if (record.phase === "Failed" && isGivenUp(record, policy.maxFailuresPerNode)) {
    const why = `gave up after ${count(record.failures, "failure")} (${last}); ${untilAsked}`;
    return { ...wait(why, acceptAt), reasons: record.reasons };
  }
  const until = backsOffUntil(record);
  if (record.phase !== "Failed" || until === undefined || now >= until) return undefined;
  const why = `backing off after ${count(record.failures, "failure")} (${last}); next attempt at ${toTheSecond(until)}`;
  return wait(why, Math.min(until, acceptAt ?? until));
}

interface Pause {
  closed: Closed;
  until: number;
}

/** The rest after a cycle that was broken off is one more thing that holds the node back. */
function pausing(record: CycleRecord, now: number): Pause | undefined {
  const until = backsOffUntil(record);
  if (record.phase === "Failed" || until === undefined || now >= until) return undefined;
  const last = record.outcome?.message;
  const message = `backing off after a cancelled cycle (${last}); next attempt at ${toTheSecond(until)}`;
  return { closed: { gate: "rest", code: "withdrawn", message }, until };
}

/** Nothing but a request asks for the reboot, so soon after the last one that was asked for. */
function soonAgain({ need, request }: CycleRecord, acceptAt: number | undefined): Pause | undefined {
  if (acceptAt === undefined || need?.source !== "request" || request !== undefined) return undefined;
  const message = `another request was accepted less than an hour ago; this one will be accepted at ${toTheSecond(acceptAt)}, or at once with 'rebootd reboot NODE'`;
  return { closed: { gate: "rest", code: "requested", message }, until: acceptAt };
}

const untilAsked = "run 'rebootd resume NODE' or 'rebootd reboot NODE' to try again";

/** The node rests, or, after too many failures, does not try again; it says so. */
export function failed(record: CycleRecord, why: string, { policy, now }: Context): Decision {
  const next = { ...phase(record, "Failed", now), leftAt: iso(now), reasons: [] };
  if (!isGivenUp(record, policy.maxFailuresPerNode)) return save(next, why);
  const message = `gave up after ${count(record.failures, "failure")} in a row; ${untilAsked}`;
  const closed = { gate: "failures", code: "given-up", message, since: iso(now) } as const satisfies Closed;
  return save({ ...next, ...reported([closed], now) }, `${why}; ${message}`);
}

/** Whether only a person lets the node try again. */
function isGivenUp({ failures }: CycleRecord, maxFailuresPerNode: number): boolean {
  return maxFailuresPerNode > 0 && failures >= maxFailuresPerNode;
}

/** When a node tries again after a cycle that did not succeed; milliseconds since the epoch. Undefined where none came before. */
export function backsOffUntil({
  phase,
  since,
  failures,
  withdrawals,
  outcome,
}: CycleRecord): number | undefined {
  if (phase === "Failed") return Date.parse(since) + restMs("failed", failures);
  if (outcome?.result !== "withdrawn" || withdrawals === 0) return undefined;
  return Date.parse(outcome.at) + restMs("withdrawn", withdrawals);
}

function restMs(result: keyof typeof rests, times: number): number {
  const { firstMs, factor } = rests[result];
  return Math.min(firstMs * factor ** Math.max(times - 1, 0), restMaxMs);
}

/** Waits, and says so on the Node when the reasons are other ones than it says there now. */
function waitingFor(
  record: CycleRecord,
  closed: readonly Closed[],
  wait: { until?: number; slot?: true },
  context: Context,
): Decision {
  const { seen, policy, now } = context;
  const why = closed.map(({ message }) => message).join("; ");
  const reasons = reasonsOf(record, closed, now);
  const softTaint = closed.every(({ gate }) => softGates.includes(gate)) ? policy.marks.softTaint : undefined;
  const due = reportAt(record, reasons, seen.rewordAt);
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
  const next: CycleRecord = { ...record, phase: "Waiting", since, ...reported(reasons, now) };
  return { ...rest(record, next, { why, softTaint }, context), reasons };
}

function neededSince(
  record: CycleRecord,
  { source, reasons }: Extract<Need, { state: "needed" }>,
  seen: Observation,
  now: number,
): CycleRecord["need"] {
  return { source, reasons: [...reasons], since: record.need?.since ?? iso(seen.neededSince ?? now) };
}
