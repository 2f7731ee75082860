import { atRest } from "./at-rest.ts";
import { type Decision, iso, look, nodeGone, type Policy, phase, released, save } from "./decision.ts";
import { type CycleRecord, idleRecord } from "./record.ts";
import type { DrainState, Seen } from "./seen.ts";

const handOn = "the node is given back: hand the slot on";
/**
 * Pure and total: where the cycle stands and what was seen, to what is done next. All knowledge of the order of things
 * is here. The order makes a kill between any two effects safe: slot, cordon and record in one patch, evictions,
 * record with the boot ID, fresh checks, reboot, proof, return, uncordon, release.
 */
export function decide(record: CycleRecord, seen: Seen, policy: Policy, now: number): Decision {
  switch (record.phase) {
    case "Idle":
    case "Waiting":
    case "Failed":
      return atRest(record, seen, policy, now);
    case "Draining":
      return draining(record, seen, policy, now);
    case "Rebooting":
      return rebooting(record, seen, policy, now);
    case "Returning":
      return returning(record, seen, policy, now);
    case "Settling":
      return settling(record, seen, policy, now);
    case "Restoring":
      return restoring(record, seen, now);
    default:
      return record.phase satisfies never;
  }
}

function draining(record: CycleRecord, seen: Seen, policy: Policy, now: number): Decision {
  if (seen.bootID !== record.bootID) {
    return save(phase(record, "Returning", now), "the machine went down by itself while it was drained");
  }
  const lost = lostRight(record, seen, policy, now);
  if (lost !== undefined) return lost;
  const deadline = Date.parse(record.since) + policy.drainTimeoutMs;
  const { drain } = seen;
  switch (drain.state) {
    case "none":
      if (now >= deadline) return restore(record, "failed", "the drain has passed its deadline", now);
      return { action: { do: "drain", deadline }, why: "evict the pods of this node" };
    case "running": {
      const left = podsLeft(drain);
      if (now >= deadline)
        return restore(record, "failed", `the drain has passed its deadline, ${left}`, now);
      return { action: { do: "wait", until: deadline }, why: left };
    }
    case "failed":
      return restore(record, "failed", drain.why, now);
    case "done": {
      const until = drain.at + policy.rebootDelayMs;
      if (now < until) return { action: { do: "wait", until }, why: "drained; waiting for --reboot-delay" };
      return save({ ...phase(record, "Rebooting", now), attempt: 1 }, "drained: reboot");
    }
    default:
      return drain satisfies never;
  }
}

function podsLeft({ podsLeft, blocked }: Extract<DrainState, { state: "running" }>): string {
  // A drain that knows that nothing is left has ended, or soon will.
  if (podsLeft === 0) return "no pod is known to be left; others may show up";
  return `${podsLeft} pods are left${blocked.length > 0 ? `: ${blocked.join("; ")}` : ""}`;
}

function rebooting(record: CycleRecord, seen: Seen, policy: Policy, now: number): Decision {
  if (seen.bootID !== record.bootID) {
    return save(phase(record, "Returning", now), "the boot ID has changed: the machine has rebooted");
  }
  if (seen.askedAttempt < record.attempt) {
    // The step that cannot be undone. Everything below was seen in this very pass.
    const lost = lostRight(record, seen, policy, now);
    if (lost !== undefined) return lost;
    if (seen.gates === undefined) return look("gates");
    const [closed] = seen.gates.closed;
    if (closed !== undefined) return restore(record, "withdrawn", closed.message, now);
    return {
      action: { do: "reboot", attempt: record.attempt },
      why: "slot, cordon, need and gates were confirmed",
    };
  }
  if (seen.askRefused !== undefined) return restore(record, "failed", seen.askRefused, now);
  const until = Date.parse(record.since) + policy.rebootTimeoutMs;
  if (now < until) return { action: { do: "wait", until }, why: "waiting for the machine to go down" };
  if (record.attempt < policy.rebootAttempts) {
    return save(
      { ...record, since: iso(now), attempt: record.attempt + 1 },
      `asked to reboot ${record.attempt} times, but the machine is still up: ask again`,
    );
  }
  return restore(
    record,
    "failed",
    `asked to reboot ${record.attempt} times, but the machine is still up`,
    now,
  );
}

/** Looks at what gives the right to go on, and gives the node back where that is lost. */
function lostRight(record: CycleRecord, seen: Seen, policy: Policy, now: number): Decision | undefined {
  if (seen.node === undefined) return look("node");
  if (seen.node === "gone") return nodeGone(policy, now);
  if (seen.lock === undefined) return look("lock");
  if (!seen.lock.held) return restore(record, "withdrawn", "the slot is no longer ours", now);
  if (!seen.node.unschedulable) return uncordoned(record, now);
  if (seen.need === undefined) return look("need");
  if (seen.need.state !== "needed")
    return restore(record, "withdrawn", "the reboot is no longer needed", now);
  return undefined;
}

/** Once it may be a mistake; whoever does it again wants the node now. That is a failure, so that the back-off leaves it alone. */
function uncordoned(record: CycleRecord, now: number): Decision {
  if (record.cordonedAgain || record.phase !== "Draining") {
    return restore(record, "failed", "somebody uncordoned the node", now);
  }
  const why = "somebody uncordoned the node while it is drained: cordon it again, this once";
  return save({ ...record, cordoned: true, cordonedAgain: true }, why, "set");
}

function returning(record: CycleRecord, seen: Seen, policy: Policy, now: number): Decision {
  if (seen.node === undefined) return look("node");
  if (seen.node === "gone") return nodeGone(policy, now);
  const until = Date.parse(record.since) + policy.readyTimeoutMs;
  // Until the kubelet has reported this boot, its conditions are those of the boot before.
  if (!seen.node.ready || seen.node.bootID !== seen.bootID) {
    const what = seen.node.ready ? "the kubelet has not yet reported this boot" : "the node is not Ready";
    if (now < until) return { action: { do: "wait", until }, why: what };
    return { action: { do: "wait" }, why: `${what} for longer than --ready-timeout; it keeps its slot` };
  }
  const settled = (seen.readySince ?? now) + policy.readySettleMs;
  if (now < settled)
    return { action: { do: "wait", until: settled }, why: "the node is Ready; let it settle" };
  return save(
    {
      ...phase(record, "Settling", now),
      cordoned: false,
      reboots: record.reboots + 1,
      failures: 0,
      outcome: { result: "rebooted", at: iso(now), message: "rebooted, Ready and given back" },
    },
    "the node is back",
    record.cordoned ? "clear" : undefined,
  );
}

function settling(record: CycleRecord, seen: Seen, policy: Policy, now: number): Decision {
  const until = Date.parse(record.since) + policy.lockReleaseDelayMs;
  if (now < until) return { action: { do: "wait", until }, why: "waiting for --lock-release-delay" };
  // The slot goes back before the record forgets that there may be one.
  return released(seen, handOn) ?? ended(record, seen, now);
}

function restoring(record: CycleRecord, seen: Seen, now: number): Decision {
  const release = released(seen, handOn);
  if (release !== undefined) return release;
  if (record.outcome?.result !== "failed") return ended(record, seen, now);
  const failures = record.failures + 1;
  return save({ ...phase(record, "Failed", now), failures }, `failed: ${record.outcome.message}`);
}

/** Where a cycle that did not fail leads: a need that outlived it is counted on, one that has gone is forgotten. */
function ended(record: CycleRecord, seen: Seen, now: number): Decision {
  if (seen.need === undefined) return look("need");
  const why = record.outcome?.message ?? "the cycle has ended";
  if (seen.need.state === "not-needed") return save({ ...idleRecord(now), outcome: record.outcome }, why);
  return save({ ...phase(record, "Waiting", now), attempt: 0, reasons: [] }, why);
}

/** Undoes the cordon if it is ours. The phase after it gives the slot back. */
function restore(
  record: CycleRecord,
  result: "failed" | "withdrawn",
  message: string,
  now: number,
): Decision {
  return save(
    { ...phase(record, "Restoring", now), cordoned: false, outcome: { result, at: iso(now), message } },
    `${message}: give the node back`,
    record.cordoned ? "clear" : undefined,
  );
}
