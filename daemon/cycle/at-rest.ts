import type { Refusal } from "../lock/limits.ts";
import { type Decision, iso, look, nodeGone, type Policy, phase, released, save } from "./decision.ts";
import { type CycleRecord, idleRecord, type Reason } from "./record.ts";
import type { ClosedGate, Seen } from "./seen.ts";

const failedBackoff = { firstMs: 60_000, maxMs: 3_600_000 };

/** Outside a cycle: whether one is needed, whether anything speaks against it, and the slot. Ends with the cordon. */
export function atRest(record: CycleRecord, seen: Seen, policy: Policy, now: number): Decision {
  const { need } = seen;
  if (need === undefined) return look("need");
  if (need.state !== "needed") {
    const why =
      need.state === "unknown"
        ? `cannot tell whether a reboot is needed: ${need.why}`
        : "no reboot is needed";
    const leftover = leftoverSlot(seen, why);
    if (leftover !== undefined) return leftover;
    // "Cannot tell" is no proof that the need has gone.
    if (record.phase === "Idle" || need.state === "unknown") return { action: { do: "wait" }, why };
    return save({ ...idleRecord(now), outcome: record.outcome }, why);
  }

  const rested = resting(record, policy, now);
  if (rested !== undefined) return leftoverSlot(seen, rested.why) ?? rested;

  if (seen.gates === undefined) return look("gates");
  const { closed, changesAt = Number.POSITIVE_INFINITY } = seen.gates;
  if (closed.length > 0) {
    const why = closed.map((gate) => gate.message).join("; ");
    return (
      leftoverSlot(seen, why) ??
      waitingFor(record, seen, closed, { until: Math.min(now + policy.gateRecheckMs, changesAt) }, now)
    );
  }

  if (seen.lock === undefined) return look("lock");
  const { held, refusal } = seen.lock;
  if (refusal !== undefined) {
    if (held) return { action: { do: "release" }, why: `${refusal.message}, and the cycle has not begun` };
    return refused(record, seen, refusal, policy, now);
  }
  if (!held && !seen.turn)
    return { action: { do: "wait", slot: true }, why: "a slot is free: let others try first" };
  if (seen.node === undefined) return look("node");
  if (seen.node === "gone") return nodeGone(policy, now);
  if (!held) return { action: { do: "acquire" }, why: "a reboot is needed and nothing speaks against it" };
  return save(
    {
      ...record,
      phase: "Draining",
      since: iso(now),
      need: { source: need.source, reasons: [...need.reasons], since: record.need?.since ?? iso(now) },
      bootID: seen.bootID,
      cordoned: !seen.node.unschedulable,
      cordonedAgain: false,
      attempt: 0,
      reasons: [],
    },
    "the slot is ours: cordon and drain",
    seen.node.unschedulable ? undefined : "set",
  );
}

/** What only other Nodes tell is asked again; all else is told by the lock. Who is in the way changes too often for the record. */
function refused(
  record: CycleRecord,
  seen: Seen,
  { code, message, by = [] }: Refusal,
  policy: Policy,
  now: number,
): Decision {
  const recheck = code === "control-plane-not-ready" ? { until: now + policy.gateRecheckMs } : {};
  const decision = waitingFor(
    record,
    seen,
    [{ gate: "lock", code, message }],
    { slot: true, ...recheck },
    now,
  );
  return by.length === 0 ? decision : { ...decision, why: `${message}: ${by.slice(0, 5).join(", ")}` };
}

/** A slot that is held while nothing may be done with it: from a crash before the cordon, or an answer that was lost. */
function leftoverSlot(seen: Seen, why: string): Decision | undefined {
  return seen.mayHoldSlot ? released(seen, `a slot is held but not wanted: ${why}`) : undefined;
}

/** Why a needed reboot is not even tried now. */
function resting(record: CycleRecord, policy: Policy, now: number): Decision | undefined {
  if (record.reboots >= policy.maxRebootsPerNeed) {
    const why = `the need is still there after ${record.reboots} proved reboots, so another would not help`;
    return record.phase === "Failed"
      ? { action: { do: "wait" }, why }
      : save(phase(record, "Failed", now), why);
  }
  if (record.phase !== "Failed") return undefined;
  const pause = Math.min(failedBackoff.firstMs * 2 ** Math.max(record.failures - 1, 0), failedBackoff.maxMs);
  const until = Date.parse(record.since) + pause;
  if (now >= until) return undefined;
  return {
    action: { do: "wait", until },
    why: `failed ${record.failures} times (${record.outcome?.message ?? "unknown why"}); tries again at ${iso(until)}`,
  };
}

/** Waits, and says so on the Node when the reasons are other ones than it says there now. */
function waitingFor(
  record: CycleRecord,
  seen: Seen,
  closed: readonly ClosedGate[],
  wait: { until?: number; slot?: true },
  now: number,
): Decision {
  const why = closed.map(({ message }) => message).join("; ");
  const known = (gate: ClosedGate) =>
    record.reasons.find((one) => one.gate === gate.gate && one.code === gate.code);
  const same = record.reasons.length === closed.length && closed.every(known);
  if (record.phase === "Waiting" && same) return { action: { do: "wait", ...wait }, why };
  const reasons: Reason[] = closed.map((gate) => ({ ...gate, since: known(gate)?.since ?? iso(now) }));
  const need =
    seen.need?.state === "needed"
      ? { source: seen.need.source, reasons: [...seen.need.reasons], since: record.need?.since ?? iso(now) }
      : record.need;
  const since = record.phase === "Waiting" ? record.since : iso(now);
  return save({ ...record, phase: "Waiting", since, need, reasons }, why);
}
