/**
 * The drain, from the cordon to the record of the reboot. It needs the right to go on, and has a deadline.
 * Pure.
 */
import type { Running } from "../drain/state.ts";
import type { GateAnswers } from "../gates/gate.ts";
import { type Closed, isReason } from "../gates/reasons.ts";
import { toTheSecond } from "../time/iso.ts";
import { beforeJob } from "./before-job.ts";
import { cordon } from "./beginning.ts";
import {
  type Context,
  type Decision,
  lookAtGates,
  phase,
  save,
  soonest,
  transientRecheckMs,
  wait,
} from "./decision.ts";
import { leftText, podsLeft } from "./drain-text.ts";
import { callHooks, closedByHooks, forgetHooks, missingHooks } from "./hooks.ts";
import type { NodeFacts } from "./observation.ts";
import { reasonsOf, reportAt, reported, reportInDrainAt } from "./reasons.ts";
import { mayBeSoft } from "./reboot-kind.ts";
import type { CycleRecord, Reason } from "./record.ts";
import { refusalText } from "./refused.ts";
import { restore } from "./restoring.ts";
import { confirm, countsFromNow } from "./right.ts";
import { tookAlso } from "./took.ts";

const blindRecheckMs = 30_000;
const drainTimedOut = "the drain timed out (--drain-timeout)";

export function draining(begun: CycleRecord, context: Context): Decision {
  const { seen, policy, now } = context;
  const { drain } = seen;
  if (begun.bootID === undefined) return countsFromNow(begun, seen);
  if (seen.bootID !== begun.bootID) {
    const next = { ...phase(begun, "Returning", now), softReboots: undefined, reasons: [] };
    return save(next, "the machine rebooted by itself during the drain");
  }
  // A server that cannot be reached evicts nothing.
  // A process that starts while the Job runs drains again, and has the time for it again.
  const since = Math.max(Date.parse(begun.since), Date.parse(begun.beforeJob?.since ?? begun.since));
  const began = since + seen.unreachableMs;
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

/**
 * Other requests tell whether the server fails for the pods alone, or altogether; then no time of the
 * drain passes.
 */
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

/** A closed gate withdraws the right to go on, unless its reason is transient. */
function withdrawnBy({ closed }: GateAnswers, record: CycleRecord, context: Context): Decision | undefined {
  const lasting = closed.find(({ isTransient }) => isTransient !== true);
  return lasting && restore(record, "withdrawn", lasting.message, context);
}

/** Nothing is left to go: hooks and transient reasons may still block the reboot, each for a time. */
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
  if (holding.length === 0) {
    const job = beforeJob(record, why, context);
    return "action" in job ? job : reboot(job.record, job.why, context);
  }
  const late = holding.find((one) => now >= due(one));
  if (late !== undefined) {
    const [result, option] = isByHooks(late)
      ? (["failed", "--before-reboot-hooks-timeout"] as const)
      : (["withdrawn", "--drain-timeout"] as const);
    return restore(record, result, `${late.message}, for longer than ${option}`, context);
  }
  const says = `${why}, but ${holding.map(({ message }) => message).join("; ")}`;
  const until = soonest(...holding.map(due), now + transientRecheckMs, seen.gates.changesAt);
  const decision =
    now < reportAt(record, reasons, seen.rewordAt)
      ? wait(says, until)
      : save({ ...record, ...reported(reasons, now) }, says, callHooks(hooks, node));
  return { ...decision, reasons };
}

/** The labels are set; who follows them has time until the cordon. */
function announced(record: CycleRecord, node: NodeFacts, { policy, now }: Context): Decision {
  const until = Date.parse(record.since) + policy.drainDelayMs;
  if (now < until) return wait("waiting for --drain-delay", until);
  const cordoned = cordon(record, node, now);
  return save(cordoned.record, "--drain-delay has passed; cordoning and draining", cordoned.change);
}

/**
 * Decides at the deadline. The machine goes down anyway only if the pods have been seen, and so were evicted
 * or deleted.
 */
function late(record: CycleRecord, node: NodeFacts, drain: Running, context: Context): Decision {
  const why = `${drainTimedOut}; ${leftText(drain)}`;
  const { slowGraceSeconds = Number.POSITIVE_INFINITY } = drain;
  const slowest = Math.min(slowGraceSeconds, record.slowGraceSeconds ?? Number.POSITIVE_INFINITY);
  const learnt = Number.isFinite(slowest) ? { ...record, slowGraceSeconds: slowest } : record;
  if (drain.isListed || !context.policy.rebootAnyway) return undrained(learnt, node, why, context);
  // A list has its own deadline.
  if (drain.trouble === undefined) return wait(why, context.now + transientRecheckMs);
  return restore(record, "failed", why, context);
}

/** The drain has not succeeded, and will not. */
function undrained(record: CycleRecord, node: NodeFacts, why: string, context: Context): Decision {
  if (!context.policy.rebootAnyway) return restore(record, "failed", why, context);
  return drained(record, node, `${why}; rebooting anyway`, context);
}

function reboot(record: CycleRecord, why: string, { seen, policy, now }: Context): Decision {
  // Packages may have come since, and options may have changed: a cycle may become a full one, never a soft one.
  const softReboots = mayBeSoft(record, seen.need, policy) ? record.softReboots : undefined;
  return save(
    {
      ...phase(record, "Rebooting", now),
      softReboots,
      attempt: record.attempt + 1,
      askedAt: undefined,
      reasons: [],
      tookMs: tookAlso(record.tookMs, "drain", Date.parse(record.since), now),
      // The drain of the whole node counts: before another attempt there is little left to drain.
      ...(record.attempt === 0 && {
        lastDrainMs: Math.round(now - Date.parse(record.since)) + policy.drainDelayMs,
      }),
    },
    `${why}; ${softReboots === undefined ? "" : "soft-"}rebooting`,
    forgetHooks(policy.marks.hooks),
  );
}
