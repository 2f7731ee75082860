import type { ClosedGate } from "../gates/gate.ts";
import type { Need } from "../host/need/need.ts";
import type { Refusal } from "../lock/limits.ts";
import { iso } from "../time/iso.ts";
import {
  type Decision,
  look,
  lookAtGates,
  type Moment,
  nodeGone,
  phase,
  released,
  save,
  wait,
} from "./decision.ts";
import { mark, type NodeChange, soften } from "./marks.ts";
import type { NodeFacts, OwnPods, Seen } from "./observation.ts";
import { reasonsOf, sayAt, saying } from "./reasons.ts";
import { atEase, type CycleRecord, isHeldBack, unfailed } from "./record.ts";
import { serverWords } from "./refused.ts";
import { heededFrom } from "./request.ts";

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
const sayAgainMs = 30_000;
const sayingsMax = 3;
/** What a node waits for that is to be drained next; operators and deschedulers that see the taint move what must not be evicted. */
const softGates = ["lock", "disruption"];
/** A cycle that the API server does not let begin has failed after so many tries; at once where it refuses it in so many words. */
const beginTriesMax = 3;

/** Outside a cycle: whether one is needed, whether anything speaks against it, and the slot. Ends with the cordon. */
export function atRest(record: CycleRecord, moment: Moment): Decision {
  const { seen, policy, now } = moment;
  const { need } = seen;
  if (need === undefined) return look("need");
  if (need.state !== "needed") {
    const why =
      need.state === "unknown"
        ? `cannot tell whether a reboot is needed: ${need.why}`
        : "no reboot is needed";
    const leftover = leftoverSlot(record, moment, why);
    if (leftover !== undefined) return leftover;
    if (need.state === "unknown") return unknown(record, why, moment);
    if (record.phase === "Idle") return wait(why);
    return rest(record, atEase(record, now), { why }, moment);
  }

  const heedAt = heededFrom(record, need.request, now);
  if (need.request !== record.request && heedAt === undefined) return heed(record, need, moment);
  const needy = { ...record, need: neededSince(record, need, seen, now) };
  const rested = resting(needy, heedAt, moment);
  if (rested !== undefined) return leftoverSlot(needy, moment, rested.why) ?? rested;
  const refusedTo = stuck(needy, moment);
  if (refusedTo !== undefined) return refusedTo;
  // Long before its turn, so that what is refused is known before the window opens.
  if (!seen.isRehearsed) {
    if (seen.node === undefined) return look("node");
    return seen.node === "gone" ? nodeGone(moment) : look("rehearsal");
  }

  if (seen.gates === undefined) return lookAtGates("start");
  const { changesAt = Number.POSITIVE_INFINITY } = seen.gates;
  const pauses = [pausing(needy, now), soonAgain(needy, heedAt)].filter((one) => one !== undefined);
  const closed = [...seen.gates.closed, ...pauses.map((pause) => pause.closed)];
  if (closed.length > 0) {
    const why = closed.map((gate) => gate.message).join("; ");
    const recheckAt = seen.gates.closed.length > 0 ? now + policy.gateRecheckMs : Number.POSITIVE_INFINITY;
    const until = Math.min(recheckAt, changesAt, ...pauses.map((pause) => pause.until));
    return leftoverSlot(needy, moment, why) ?? waitingFor(needy, closed, { until }, moment);
  }

  if (seen.lock === undefined) return look("lock");
  const { held, refusal } = seen.lock;
  if (refusal !== undefined) {
    return leftoverSlot(needy, moment, refusal.message) ?? refused(needy, refusal, moment);
  }
  if (!held && !seen.turn)
    return { action: { do: "wait", slot: true }, why: "a slot is free: let others try first" };
  if (seen.gates.stage !== "slot") return lookAtGates("slot");
  if (seen.node === undefined) return look("node");
  if (seen.node === "gone") return nodeGone(moment);
  if (seen.ownPods === undefined) return look("pods");
  if (seen.ownPods.state === "unknown") {
    const message = `cannot tell which pods of this node are Ready: ${seen.ownPods.why}`;
    const closed = [{ gate: "node", code: "cannot-tell", message }];
    const until = now + policy.gateRecheckMs;
    return leftoverSlot(needy, moment, message) ?? waitingFor(needy, closed, { until }, moment);
  }
  if (!held) return { action: { do: "acquire" }, why: "a reboot is needed and nothing speaks against it" };
  return begin(needy, seen.node, recorded(seen.ownPods), moment);
}

/** Whoever asks for a reboot knows better than the failures before; but not again and again. */
function heed(
  record: CycleRecord,
  need: Extract<Need, { state: "needed" }>,
  { seen, now }: Moment,
): Decision {
  const next = { ...record, need: neededSince(record, need, seen, now), request: need.request };
  if (need.request === undefined) return save(next, "a reboot is no longer requested, but needed");
  const why = `a reboot is ${need.reasons[0]}`;
  const heededAt = isHeldBack(record) ? iso(now) : record.heededAt;
  // Its place among those that wait is not for the asking.
  const { leftAt } = record;
  return save({ ...phase(next, "Waiting", now), ...unfailed, heededAt, leftAt }, why);
}

/** "Cannot tell" is no proof that the need has gone, nor that there is one: the Node says so. */
function unknown(record: CycleRecord, message: string, moment: Moment): Decision {
  if (record.phase === "Failed") return wait(message);
  return waitingFor(record, [{ gate: "need", code: "cannot-tell", message }], {}, moment);
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
  { seen, policy, now }: Moment,
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
    return beginning(next, "the slot is ours: cordon after --drain-delay", marking.change);
  }
  const cordoned = cordon(next, node, now);
  const change = { ...marking.change, ...cordoned.change };
  return beginning(cordoned.record, "the slot is ours: cordon and drain", change);
}

function beginning(record: CycleRecord, why: string, change: NodeChange): Decision {
  return { action: { do: "save", record, change, trial: "begin" }, why };
}

/**
 * What the API server refuses is not tried without pause, and the Node says so. A slot with which nothing can be begun goes to
 * others, as a failure of this node.
 */
function stuck(record: CycleRecord, moment: Moment): Decision | undefined {
  const { seen, now } = moment;
  const { acquire, begin, rehearse } = seen.setbacks;
  const begun = [begin, rehearse].find((one) => one !== undefined && now < one.until);
  // Once its time has come it is tried once more.
  if (begun !== undefined) {
    const message = `the API server does not let the cycle begin: ${serverWords(begun.why)}`;
    // Until then nothing that is looked at would be of use.
    if (!begun.isRefused && begun.times < beginTriesMax) return wait(message, begun.until);
    const outcome = { result: "failed", at: iso(now), message, during: "drain" } as const;
    return (
      released(record, moment, message, outcome) ??
      unwritable(record, { gate: "node", message }, begun.until, moment)
    );
  }
  if (acquire !== undefined && now < acquire.until) {
    const message = `the lock cannot be written: ${serverWords(acquire.why)}`;
    return unwritable(record, { gate: "lock", message }, acquire.until, moment);
  }
  return undefined;
}

function unwritable(
  record: CycleRecord,
  what: { gate: "node" | "lock"; message: string },
  until: number,
  moment: Moment,
): Decision {
  return waitingFor(record, [{ ...what, code: "unwritable" }], { until }, moment);
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
  moment: Moment,
): Decision {
  const { node } = moment.seen;
  if (record.taint === softTaint) return save({ ...next, taint: softTaint }, why);
  if (node === undefined) return look("node");
  if (node === "gone") return nodeGone(moment);
  const marking = soften(softTaint, record, node);
  return save({ ...next, ...marking.record }, why, marking.change);
}

/**
 * What only other Nodes tell is asked again, and a window that ends is seen; all else is told by the lock. Who is in the
 * way changes too often for the record.
 */
function refused(record: CycleRecord, refusal: Refusal, moment: Moment): Decision {
  const { seen, policy, now } = moment;
  const { message, by = [], dependsOnNodes } = refusal;
  const recheckAt = dependsOnNodes ? [now + policy.gateRecheckMs] : [];
  const until = Math.min(...recheckAt, seen.gates?.changesAt ?? Number.POSITIVE_INFINITY);
  const timer = Number.isFinite(until) ? { until } : {};
  const decision = waitingFor(record, [closedBy(refusal)], { slot: true, ...timer }, moment);
  return by.length === 0 ? decision : { ...decision, why: `${message}: ${by.slice(0, 5).join(", ")}` };
}

function closedBy({ code, message }: Refusal): ClosedGate {
  return code === "paused" ? { gate: "paused", code: "cluster", message } : { gate: "lock", code, message };
}

/** A slot that is held while nothing may be done with it: from a crash before the cordon, or an answer that was lost. */
function leftoverSlot(record: CycleRecord, moment: Moment, why: string): Decision | undefined {
  return released(record, moment, `a slot is held but not wanted: ${why}`);
}

/** Why a needed reboot is not even tried now; a request that is not heeded yet may change that. */
function resting(record: CycleRecord, heedAt: number | undefined, moment: Moment): Decision | undefined {
  const { policy, now } = moment;
  if (record.reboots >= policy.maxRebootsPerNeed) {
    const why = `the need is still there after ${record.reboots} proved reboots, so another would not help`;
    return record.phase === "Failed"
      ? wait(why, heedAt)
      : rest(record, phase(record, "Failed", now), { why }, moment);
  }
  const last = record.outcome?.message ?? "unknown why";
  if (record.phase === "Failed" && isGivenUp(record, policy.maxFailuresPerNode)) {
    const why = `failed ${record.failures} times (${last}): ${untilAsked}`;
    return { ...wait(why, heedAt), reasons: record.reasons };
  }
  const until = restsUntil(record);
  if (record.phase !== "Failed" || until === undefined || now >= until) return undefined;
  const why = `failed ${record.failures} times (${last}); tries again at ${iso(until)}`;
  return wait(why, Math.min(until, heedAt ?? until));
}

interface Pause {
  closed: ClosedGate;
  until: number;
}

/** The rest after a cycle that was broken off is one more thing that holds the node back. */
function pausing(record: CycleRecord, now: number): Pause | undefined {
  const until = restsUntil(record);
  if (record.phase === "Failed" || until === undefined || now >= until) return undefined;
  const last = record.outcome?.message;
  const message = `rests after a cycle that was broken off (${last}); tries again at ${iso(until)}`;
  return { closed: { gate: "rest", code: "withdrawn", message }, until };
}

/** Nothing but a request asks for the reboot, so soon after the last one that was asked for. */
function soonAgain({ need, request }: CycleRecord, heedAt: number | undefined): Pause | undefined {
  if (heedAt === undefined || need?.source !== "request" || request !== undefined) return undefined;
  const message = `another request was heeded less than an hour ago; this one is at ${iso(heedAt)}, or at once with rebootd reboot NODE`;
  return { closed: { gate: "rest", code: "requested", message }, until: heedAt };
}

const untilAsked = "this node is left alone until a person asks: rebootd reboot NODE, or rebootd resume NODE";

/** The node rests, or, after too many failures, does not try again; it says so. */
export function failed(record: CycleRecord, why: string, { policy, now }: Moment): Decision {
  const next = { ...phase(record, "Failed", now), leftAt: iso(now), reasons: [] };
  if (!isGivenUp(record, policy.maxFailuresPerNode)) return save(next, why);
  const message = `failed ${record.failures} times in a row: ${untilAsked}`;
  const reasons = [{ gate: "failures", code: "given-up", message, since: iso(now) }];
  return save({ ...next, ...saying(reasons, now) }, `${why}; ${message}`);
}

/** Whether only a person lets the node try again. */
function isGivenUp({ failures }: CycleRecord, maxFailuresPerNode: number): boolean {
  return maxFailuresPerNode > 0 && failures >= maxFailuresPerNode;
}

/** When a node tries again after a cycle that did not succeed; milliseconds since the epoch. Undefined where none came before. */
export function restsUntil({
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
  closed: readonly ClosedGate[],
  wait: { until?: number; slot?: true },
  moment: Moment,
): Decision {
  const { seen, policy, now } = moment;
  const why = closed.map(({ message }) => message).join("; ");
  const reasons = reasonsOf(record, closed, now);
  const softTaint = closed.every(({ gate }) => softGates.includes(gate)) ? policy.marks.softTaint : undefined;
  const due = sayAt(record, reasons, seen.rewordAt);
  if (record.phase === "Waiting" && now < due && record.taint === softTaint) {
    const until = Math.min(wait.until ?? Number.POSITIVE_INFINITY, due);
    const timer = Number.isFinite(until) ? { until } : {};
    return { action: { do: "wait", ...wait, ...timer }, why, reasons };
  }
  const againAt = Date.parse(record.saidAt ?? "") + sayAgainMs;
  if (record.phase === "Waiting" && seen.sayings >= sayingsMax && now < againAt) {
    const until = Math.min(wait.until ?? Number.POSITIVE_INFINITY, againAt);
    return { action: { do: "wait", ...wait, until }, why, reasons };
  }
  const since = record.phase === "Waiting" ? record.since : iso(now);
  const next: CycleRecord = { ...record, phase: "Waiting", since, ...saying(reasons, now) };
  return { ...rest(record, next, { why, softTaint }, moment), reasons };
}

function neededSince(
  record: CycleRecord,
  { source, reasons }: Extract<Need, { state: "needed" }>,
  seen: Seen,
  now: number,
): CycleRecord["need"] {
  return { source, reasons: [...reasons], since: record.need?.since ?? iso(seen.neededSince ?? now) };
}
