import type { Running } from "../drain/state.ts";
import type { GateAnswers } from "../gates/gate.ts";
import { type Closed, isReason } from "../gates/reasons.ts";
import { count } from "../text/count.ts";
import { iso, toTheSecond } from "../time/iso.ts";
import { betweenCycles, cordon, failed } from "./at-rest.ts";
import {
  type Context,
  type Decision,
  keptSlot,
  look,
  lookAtGates,
  nodeGone,
  type Policy,
  phase,
  released,
  save,
  wait,
} from "./decision.ts";
import { callHooks, forgetHooks, missingHooks, unmark, unmarked } from "./marks.ts";
import type { NodeFacts, Observation } from "./observation.ts";
import { reasonsOf, reportAt, reported, reportInDrainAt } from "./reasons.ts";
import { type CycleRecord, idleAfter, type Reason } from "./record.ts";
import { refusalText } from "./refused.ts";
import { returning } from "./returning.ts";

/** How soon what is soon over is looked at again: the node is empty meanwhile, or the machine goes down. */
const briefRecheckMs = 5000;
const blindRecheckMs = 30_000;
/** The time in the record may be so much before the request. */
const askedAgeMaxMs = 60_000;

/**
 * Pure and total: where the cycle stands and what was seen, to what is done next. All knowledge of the order of things
 * is here. The order makes a kill between any two effects safe: slot, cordon and record in one patch, evictions,
 * record with the boot ID, fresh checks, reboot, proof, return, uncordon, release.
 */
export function decide(record: CycleRecord, seen: Observation, policy: Policy, now: number): Decision {
  const context = { seen, policy, now };
  switch (record.phase) {
    case "Idle":
    case "Waiting":
    case "Failed":
      return leftBehind(record, context) ?? betweenCycles(record, context);
    case "Draining":
      return draining(record, context);
    case "Rebooting":
      return rebooting(record, context);
    case "Returning":
      return returning(record, context, (why) => restore(record, "failed", why, context));
    case "Settling":
      return settling(record, context);
    case "Restoring":
      return restoring(record, context);
  }
}

/** At rest nothing of ours is on the Node; there is where the record is another version's, or was written by hand. */
function leftBehind(record: CycleRecord, context: Context): Decision | undefined {
  if (!record.cordoned && record.labels.length === 0) return undefined;
  return restore(record, "withdrawn", record.outcome?.message ?? "the cycle was interrupted", context);
}

function draining(begun: CycleRecord, context: Context): Decision {
  const { seen, policy, now } = context;
  const { drain } = seen;
  if (begun.bootID === undefined) return countsFromNow(begun, seen);
  if (seen.bootID !== begun.bootID) {
    const next = { ...phase(begun, "Returning", now), reasons: [] };
    return save(next, "the machine rebooted by itself during the drain");
  }
  // A server that cannot be reached evicts nothing.
  const began = Date.parse(begun.since) + seen.unreachableMs;
  const deadline = began + policy.drainTimeoutMs;
  const isLate = now >= deadline;
  if (seen.refused !== undefined && isLate)
    return restore(begun, "failed", refusalText(seen.refused), context);
  const right = confirm(begun, context);
  if ("lost" in right) return right.lost;
  // A request that comes before the reboot is served by it.
  const record = { ...begun, request: right.request };
  if (seen.gates === undefined) return lookAtGates("drain");
  const shut = withdrawnBy(seen.gates, record, context);
  if (shut !== undefined) return shut;
  if (record.announced) return announced(record, right.node, context);
  const deleteAt = began + policy.drainDeleteAfterMs;
  switch (drain.state) {
    case "none":
      // A restart has lost the drain. Without a look at the pods the machine does not go down.
      if (isLate && !policy.rebootAnyway) return undrained(record, right.node, drainTimedOut, context);
      return {
        action: { do: "drain", cordonedAt: Date.parse(record.since), deadline, deleteAt },
        why: "evicting the pods of this node",
      };
    case "running":
      if (isLate) return late(record, right.node, drain, context);
      return {
        ...held(
          record,
          podsLeft(drain, { deadline, deleteAt }, context),
          drainLookAt(drain, deadline, now),
          context,
        ),
        drainEnds: deadline,
      };
    case "detaching": {
      const volumes = `volumes not yet detached: ${drain.volumes.join(", ")}`;
      if (isLate) return drained(record, right.node, volumes, context);
      const message = `the node is empty; ${volumes}`;
      const closed: Closed = { gate: "drain", code: "volumes", message };
      return { ...held(record, closed, deadline, context), drainEnds: deadline };
    }
    case "failed":
      if (drain.isBlind) return restore(record, "failed", drain.why, context);
      return undrained(record, right.node, drain.why, context);
    case "done": {
      const until = drain.at + policy.rebootDelayMs;
      if (now >= until) return drained(record, right.node, "drained", context);
      const message = `drained; waiting for --reboot-delay until ${toTheSecond(until)}`;
      return held(record, { gate: "drain", code: "reboot-delay", message }, until, context);
    }
  }
}

const drainTimedOut = "the drain timed out (--drain-timeout)";

/** Whether the server fails for the pods alone, or altogether, in which time no drain passes, only other requests tell. */
function drainLookAt({ trouble }: Running, deadline: number, now: number): number {
  return trouble === undefined ? deadline : Math.min(deadline, now + blindRecheckMs);
}

/** Waits, and says on the Node for what. */
function held(record: CycleRecord, closed: Closed, until: number, { seen, now }: Context): Decision {
  const reasons = reasonsOf(record, [closed], now);
  const reportAt = reportInDrainAt(record, reasons);
  if (now >= reportAt) return { ...save({ ...record, ...reported(reasons, now) }, closed.message), reasons };
  return { ...wait(closed.message, soonest(until, reportAt, seen.gates?.changesAt)), reasons };
}

function soonest(...times: readonly (number | undefined)[]): number {
  return Math.min(...times.filter((time) => time !== undefined));
}

/** What takes the right to go on away; what is soon over does not. */
function withdrawnBy({ closed }: GateAnswers, record: CycleRecord, context: Context): Decision | undefined {
  const lasting = closed.find(({ isTransient }) => isTransient !== true);
  return lasting && restore(record, "withdrawn", lasting.message, context);
}

/** Nothing is left to go: hooks, and what is soon over, may still hold the reboot up, each for a time. */
function drained(record: CycleRecord, node: NodeFacts, why: string, context: Context): Decision {
  const { seen, policy, now } = context;
  if (seen.gates?.stage !== "reboot") return lookAtGates("reboot");
  const hooks = missingHooks(policy.beforeHooks.keys, node);
  const reasons = reasonsOf(record, [...seen.gates.closed, ...closedByHooks(hooks)], now);
  const isByHooks = (one: Reason) => isReason(one, "hooks");
  const due = (one: Reason) =>
    Date.parse(one.since) +
    seen.unreachableMs +
    (isByHooks(one) ? policy.beforeHooks.timeoutMs : policy.drainTimeoutMs);
  const isOver = (one: Reason) => isByHooks(one) && policy.beforeHooks.late === "go-on" && now >= due(one);
  const holding = reasons.filter((one) => !isOver(one));
  if (holding.length === 0) return reboot(record, why, context);
  const late = holding.find((one) => now >= due(one));
  if (late !== undefined) {
    const [result, option] = isByHooks(late)
      ? (["failed", "--before-reboot-hooks-timeout"] as const)
      : (["withdrawn", "--drain-timeout"] as const);
    return restore(record, result, `${late.message}, for longer than ${option}`, context);
  }
  const says = `${why}, but ${holding.map(({ message }) => message).join("; ")}`;
  const until = soonest(...holding.map(due), now + briefRecheckMs, seen.gates.changesAt);
  const decision =
    now < reportAt(record, reasons, seen.rewordAt)
      ? wait(says, until)
      : save({ ...record, ...reported(reasons, now) }, says, callHooks(hooks, node));
  return { ...decision, reasons };
}

function closedByHooks(missing: readonly string[]): Closed[] {
  if (missing.length === 0) return [];
  const message = `these annotations are to be true before the reboot: ${missing.join(", ")}`;
  return [{ gate: "hooks", code: "before", message }];
}

/** The labels are set; who follows them has time until the cordon. */
function announced(record: CycleRecord, node: NodeFacts, { policy, now }: Context): Decision {
  const until = Date.parse(record.since) + policy.drainDelayMs;
  if (now < until) return wait("waiting for --drain-delay", until);
  const cordoned = cordon(record, node, now);
  return save(cordoned.record, "--drain-delay has passed; cordoning and draining", cordoned.change);
}

/** What it waits for, and what follows when that does not go. */
function podsLeft(
  drain: Running,
  { deadline, deleteAt }: { deadline: number; deleteAt: number },
  { policy, now }: Context,
): Closed {
  const deletes = deleteAt < deadline ? `${deletionText(deleteAt, now)}; ` : "";
  const end = policy.rebootAnyway && drain.isListed ? "reboots anyway" : "is restored";
  const next = `${deletes}at ${toTheSecond(deadline)} the node ${end}`;
  const code = drain.trouble === undefined ? "pods-left" : "cannot-tell";
  return { gate: "drain", code, message: `${leftText(drain)}; ${next}` };
}

function deletionText(at: number, now: number): string {
  return now < at ? `pods will be deleted from ${toTheSecond(at)} on` : "pods are being deleted";
}

function leftText({ isListed, podsLeft, blocked, trouble }: Running): string {
  const blind =
    trouble === undefined ? "" : `; the pods of this node cannot be listed at the moment: ${trouble}`;
  if (!isListed) return `the pods of this node have not been listed yet${blind}`;
  // A drain that knows that nothing is left has ended, or soon will.
  if (podsLeft === 0) return `no pod is known to remain; others may appear${blind}`;
  const rest = podsLeft - blocked.length;
  const more = rest > 0 && blocked.length > 0 ? `; and ${rest} more` : "";
  return `${count(podsLeft, "pod remains", "pods remain")}${blocked.length > 0 ? `: ${blocked.join("; ")}` : ""}${more}${blind}`;
}

/** At the deadline. The machine goes down all the same only where the pods have been seen, and so were asked to go. */
function late(record: CycleRecord, node: NodeFacts, drain: Running, context: Context): Decision {
  const why = `${drainTimedOut}; ${leftText(drain)}`;
  const { slowGraceSeconds = Number.POSITIVE_INFINITY } = drain;
  const slowest = Math.min(slowGraceSeconds, record.slowGraceSeconds ?? Number.POSITIVE_INFINITY);
  const learnt = Number.isFinite(slowest) ? { ...record, slowGraceSeconds: slowest } : record;
  if (drain.isListed || !context.policy.rebootAnyway) return undrained(learnt, node, why, context);
  // A list has its own deadline.
  if (drain.trouble === undefined) return wait(why, context.now + briefRecheckMs);
  return restore(record, "failed", why, context);
}

/** The drain has not succeeded, and will not. */
function undrained(record: CycleRecord, node: NodeFacts, why: string, context: Context): Decision {
  if (!context.policy.rebootAnyway) return restore(record, "failed", why, context);
  return drained(record, node, `${why}; rebooting anyway`, context);
}

function reboot(record: CycleRecord, why: string, { policy, now }: Context): Decision {
  return save(
    {
      ...phase(record, "Rebooting", now),
      attempt: record.attempt + 1,
      askedAt: undefined,
      reasons: [],
      // Of the whole node: before another attempt there is little left to drain.
      ...(record.attempt === 0 && {
        lastDrainMs: Math.round(now - Date.parse(record.since)) + policy.drainDelayMs,
      }),
    },
    `${why}; rebooting`,
    forgetHooks(policy.marks),
  );
}

/** Nothing proves a reboot but another boot ID than the one before. */
function countsFromNow(record: CycleRecord, { bootID }: Observation): Decision {
  return save(
    { ...record, bootID },
    "the record has no boot ID; a reboot is proved by a change of the current one",
  );
}

function rebooting(record: CycleRecord, context: Context): Decision {
  const { seen, now } = context;
  if (record.bootID === undefined) return countsFromNow(record, seen);
  if (seen.bootID !== record.bootID) {
    return save(phase(record, "Returning", now), "the boot ID has changed; the machine has rebooted");
  }
  if (record.askedAt === undefined || seen.ask?.result === "unsent") return toBeAsked(record, context);
  if (seen.ask?.result === "refused") return restore(record, "failed", seen.ask.why, context);
  return asked(record, record.askedAt, context);
}

/** The step that cannot be undone. Everything that it stands on was seen in this very pass. */
function toBeAsked(record: CycleRecord, context: Context): Decision {
  const { seen, now } = context;
  const right = confirm(record, context);
  if ("lost" in right) return right.lost;
  if (!seen.isDrained) {
    // The record may be of a process before this one, or anybody's. An empty node is drained in no time.
    const why = "only the record says that the node is drained; draining it again";
    return drainAgain({ ...record, attempt: Math.max(0, record.attempt - 1) }, why, now);
  }
  if (seen.gates === undefined) return lookAtGates("reboot");
  const [closed] = seen.gates.closed;
  if (closed !== undefined) return restore(record, "withdrawn", closed.message, context);
  // What was written a moment ago, and was not followed by the request, need not be written again.
  const isRecent = now - Date.parse(record.askedAt ?? "") < askedAgeMaxMs;
  const askedAt = isRecent ? record.askedAt : iso(now);
  return {
    action: { do: "reboot", record: { ...record, askedAt } },
    why: "slot, cordon, need and gates confirmed; rebooting",
  };
}

function drainAgain(record: CycleRecord, why: string, now: number): Decision {
  return save({ ...phase(record, "Draining", now), askedAt: undefined }, why);
}

/** The machine may go down at any moment: the node is down, whatever the lock or the API say, until it is seen not to go. */
function asked(record: CycleRecord, askedAt: string, context: Context): Decision {
  const { seen, policy, now } = context;
  const kept = keptSlot(context);
  if (kept !== undefined) return kept;
  const due = Date.parse(askedAt) + policy.rebootTimeoutMs;
  const recheckAt = now + policy.gateRecheckMs;
  if (now < due) return wait("waiting for the machine to go down", soonest(due, recheckAt));
  if (seen.shutdown === undefined) return look("shutdown");
  if (seen.shutdown === "under-way") {
    const why = "the machine has been going down for longer than --reboot-timeout; it keeps its slot";
    return { ...wait(why, recheckAt), overdue: true };
  }
  const stillUp = `asked to reboot ${times(record.attempt)}, but the machine is still up`;
  if (record.attempt >= policy.rebootAttempts) return restore(record, "failed", stillUp, context);
  // The machine may never have been asked, and pods may have come: bound before the cordon, or by somebody who ignores it.
  return drainAgain(
    record,
    `${stillUp}; draining newly scheduled pods, then requesting the reboot again`,
    now,
  );
}

function times(number: number): string {
  return number === 1 ? "once" : count(number, "time");
}

/** Looks at what gives the right to go on; where that is lost, the node is given back. */
function confirm(
  record: CycleRecord,
  context: Context,
): { node: NodeFacts; request: string | undefined } | { lost: Decision } {
  const { node, lock, need } = context.seen;
  const withdrawn = (why: string) => ({ lost: restore(record, "withdrawn", why, context) });
  if (node === undefined) return { lost: look("node") };
  if (node === "gone") return { lost: nodeGone(context) };
  if (lock === undefined) return { lost: look("lock") };
  if (!lock.held) return withdrawn("this node no longer holds the slot");
  if (lock.refusal?.gate === "paused") return withdrawn(lock.refusal.message);
  if (!node.unschedulable && !record.announced) return { lost: uncordoned(record, context) };
  if (need === undefined) return { lost: look("need") };
  if (need.state !== "needed") return withdrawn("the reboot is no longer needed");
  return { node, request: need.request };
}

/** Once it may be a mistake; whoever does it again wants the node now. That is a failure, so that the back-off leaves it alone. */
function uncordoned(record: CycleRecord, context: Context): Decision {
  if (record.cordonedAgain || record.phase !== "Draining") {
    return restore(record, "failed", "somebody uncordoned the node", context);
  }
  const why = "somebody uncordoned the node during the drain; cordoning it again, once";
  return save({ ...record, cordoned: true, cordonedAgain: true }, why, { cordon: "set" });
}

function settling(record: CycleRecord, context: Context): Decision {
  const { policy, now } = context;
  const until = Date.parse(record.since) + policy.lockReleaseDelayMs;
  if (now < until) return wait("waiting for --lock-release-delay", until);
  // The slot goes back before the record forgets that there may be one.
  return (
    released(record, context, "node uncordoned; releasing the slot", record.outcome) ?? ended(record, context)
  );
}

function restoring(record: CycleRecord, context: Context): Decision {
  const release = released(record, context, "node restored; releasing the slot", record.outcome);
  if (release !== undefined) return release;
  if (record.outcome?.result !== "failed") return ended(record, context);
  return failed(record, `failed: ${record.outcome.message}`, context);
}

/** Where a cycle that did not fail leads: a need that outlived it is counted on, one that has gone is forgotten. */
function ended(cycle: CycleRecord, { seen, now }: Context): Decision {
  if (seen.need === undefined) return look("need");
  const record = { ...cycle, leftAt: iso(now) };
  const why = record.outcome?.message ?? "the cycle has ended";
  if (seen.need.state === "not-needed") return save(idleAfter(record, now), why);
  return save({ ...phase(record, "Waiting", now), attempt: 0, reasons: [] }, why);
}

/** Undoes what the cycle has done to the Node, but never on a machine that is going down. The phase after it releases the slot. */
function restore(
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
    return wait(`${message}, but the machine is already going down`, now + briefRecheckMs);
  }
  return save(
    {
      ...phase(record, "Restoring", now),
      ...unmarked,
      askedAt: undefined,
      reasons: [],
      outcome: {
        result,
        at: iso(now),
        message,
        ...(result === "failed" && isBeforeReboot(record) && { during: "drain" }),
      },
      failures: record.failures + (result === "failed" ? 1 : 0),
      withdrawals: record.withdrawals + (result === "withdrawn" ? 1 : 0),
    },
    `${message}; restoring the node`,
    unmark(policy.marks, record, seen.node),
  );
}

/** Whether the machine has not been asked to reboot in this cycle, so that nothing but its pods can have been in the way. */
function isBeforeReboot({ phase, attempt, askedAt }: CycleRecord): boolean {
  return phase === "Draining"
    ? attempt === 0
    : phase === "Rebooting" && attempt <= 1 && askedAt === undefined;
}
