import type { Need } from "../host/need/need.ts";
import { iso } from "../time/iso.ts";
import { begin, stuck } from "./beginning.ts";
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
import { departureKnown } from "./departure-known.ts";
import { backingOff, cancelledPause, requestPause } from "./failed.ts";
import { usedApproval } from "./marks.ts";
import type { Observation } from "./observation.ts";
import { mayBeSoft } from "./reboot-kind.ts";
import { type CycleRecord, idleAfter, isHeldBack, unfailed } from "./record.ts";
import { acceptedFrom } from "./request.ts";
import { refused, saveBetweenCycles, waitingFor } from "./waiting.ts";

/**
 * Decides between cycles: whether a reboot is needed, whether anything blocks it, and whether there is a
 * slot. Ends with the cordon.
 */
export function betweenCycles(record: CycleRecord, given: Context): Decision {
  const { seen, policy, now } = given;
  const { need } = seen;
  if (need === undefined) return look("need");
  if (need.state !== "needed") {
    const why =
      need.state === "unknown"
        ? `cannot tell whether a reboot is needed: ${need.why}`
        : "no reboot is needed";
    const leftover = leftoverSlot(record, given, why);
    if (leftover !== undefined) return leftover;
    if (need.state === "unknown") return unknown(record, why, given);
    if (record.phase === "Idle") return wait(why);
    const annotations = usedApproval(policy.marks);
    return saveBetweenCycles(record, idleAfter(record, now), { why, annotations }, given);
  }

  const acceptAt = acceptedFrom(record, need.request, now);
  if (need.request !== record.request && acceptAt === undefined) return accept(record, need, given);
  const waiting = { ...record, need: neededSince(record, need, seen, now) };
  const context = { ...given, isNeedReworded: isReworded(record.need, waiting.need) };
  const rested = backingOff(waiting, acceptAt, context);
  if (rested !== undefined) return leftoverSlot(waiting, context, rested.why) ?? rested;
  const refusedTo = stuck(waiting, context);
  if (refusedTo !== undefined) return refusedTo;
  // Long before its turn, so that what is refused is known before the window opens.
  if (!seen.isRehearsed) {
    if (seen.node === undefined) return look("node");
    return seen.node === "gone" ? nodeGone(context) : look("rehearsal");
  }

  if (seen.gates === undefined) return lookAtGates("start");
  const departing = departureKnown(context);
  if (departing === "look") return look("node");
  const { changesAt = Number.POSITIVE_INFINITY } = seen.gates;
  const pauses = [cancelledPause(waiting, now), requestPause(waiting, acceptAt)].filter(
    (one) => one !== undefined,
  );
  const others = departing === undefined ? pauses : [departing, ...pauses];
  const closed = [...seen.gates.closed, ...others.map((one) => one.closed)];
  if (closed.length > 0) {
    const why = closed.map((gate) => gate.message).join("; ");
    const recheckAt = seen.gates.closed.length > 0 ? now + policy.gateRecheckMs : Number.POSITIVE_INFINITY;
    const until = Math.min(recheckAt, changesAt, ...others.map((one) => one.until));
    return leftoverSlot(waiting, context, why) ?? waitingFor(waiting, closed, { until }, context);
  }

  if (seen.lock === undefined) return look("lock");
  const { held, refusal } = seen.lock;
  if (refusal !== undefined) {
    return leftoverSlot(waiting, context, refusal.message) ?? refused(waiting, refusal, context);
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
      leftoverSlot(waiting, context, message) ??
      waitingFor(waiting, [{ gate: "node", code: "cannot-tell", message }], { until }, context)
    );
  }
  const blind = unprovable(waiting, context);
  if (blind !== undefined) return blind;
  if (!held) return { action: { do: "acquire" }, why: "a reboot is needed and no gate is closed" };
  return begin(waiting, seen.node, seen.ownPods, context);
}

/** A soft reboot is begun only where its count can be read; undefined where it can, and for other kinds. */
function unprovable(record: CycleRecord, context: Context): Decision | undefined {
  const { seen, policy, now } = context;
  if (!mayBeSoft(record, seen.need, policy) || seen.userspace?.state === "seen") return undefined;
  if (seen.userspace === undefined) return look("userspace");
  const message = `cannot tell whether a soft reboot would succeed: ${seen.userspace.why}`;
  const until = now + policy.gateRecheckMs;
  return (
    leftoverSlot(record, context, message) ??
    waitingFor(record, [{ gate: "node", code: "cannot-tell", message }], { until }, context)
  );
}

/** A reboot request resets the failure and reboot counters, but not again and again. */
function accept(
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

/**
 * A slot that is held while nothing may be done with it: from a crash before the cordon, or an answer that
 * was lost.
 */
function leftoverSlot(record: CycleRecord, context: Context, why: string): Decision | undefined {
  return released(record, context, `releasing a slot that is not needed now: ${why}`);
}

function isReworded(known: CycleRecord["need"], need: NonNullable<CycleRecord["need"]>): boolean {
  const wordsOf = ({ source, reasons, urgency }: typeof need) => JSON.stringify([source, reasons, urgency]);
  return known !== undefined && wordsOf(known) !== wordsOf(need);
}

function neededSince(
  record: CycleRecord,
  { source, reasons, urgency }: Extract<Need, { state: "needed" }>,
  seen: Observation,
  now: number,
): NonNullable<CycleRecord["need"]> {
  const since = record.need?.since ?? iso(seen.neededSince ?? now);
  return { source, reasons: [...reasons], since, ...(urgency !== undefined && { urgency }) };
}
