/** The step from waiting to draining: the slot is held, and one patch begins the record. Pure. */
import { readinessKeys } from "../annotations/readiness-taints.ts";
import { iso } from "../time/iso.ts";
import { type Context, type Decision, phase, released, wait } from "./decision.ts";
import { withoutJobs } from "./hook-jobs.ts";
import { mark, type NodeChange } from "./marks.ts";
import type { NodeFacts, Observation, OwnPods } from "./observation.ts";
import { softRebootsBefore } from "./reboot-kind.ts";
import type { CycleRecord } from "./record.ts";
import { serverWords } from "./refused.ts";
import { tookAlso } from "./took.ts";
import { waitingFor } from "./waiting.ts";

/**
 * A cycle that the API server does not let begin has failed after so many tries; at once where it refuses
 * it in so many words.
 */
const beginTriesMax = 3;
/** A Node has room for so many names; what is left out counts only as far as it is there after the reboot. */
const ownPodsMax = 50;
const readinessTaintsMax = 10;

type NeedyRecord = CycleRecord & { need: NonNullable<CycleRecord["need"]> };

/** One patch: the labels and the taint, and the cordon with them unless it is to come later. */
export function begin(
  record: NeedyRecord,
  node: NodeFacts,
  ownPods: Extract<OwnPods, { state: "seen" }>,
  context: Context,
): Decision {
  const { seen, policy, now } = context;
  const marking = mark(policy.marks, record, node);
  const tainted = readinessKeys(node.taints, policy.readyTaintsIgnored);
  const next: CycleRecord = {
    ...phase(record, "Draining", now),
    ...marking.record,
    ...withoutJobs,
    bootID: seen.bootID,
    softReboots: softRebootsBefore(record, context),
    ownPods: recorded(ownPods),
    readinessTaints: tainted.length === 0 ? undefined : tainted.slice(0, readinessTaintsMax),
    announced: true,
    cordonedAgain: false,
    attempt: 0,
    askedAt: undefined,
    lock: policy.lock,
    reasons: [],
    tookMs: tookAlso(undefined, "wait", waitedSince(record, seen), now),
  };
  if (policy.drainDelayMs > 0) {
    return beginning(next, "slot acquired; cordoning after --drain-delay", marking.change);
  }
  const cordoned = cordon(next, node, now);
  const change = { ...marking.change, ...cordoned.change };
  return beginning(cordoned.record, "slot acquired; cordoning and draining", change);
}

/** Since when the node has waited for a slot: for this need, since its last cycle, while the window was open. */
function waitedSince({ phase, since, need }: NeedyRecord, { gates }: Observation): number {
  const neededSince = Date.parse(need.since);
  const restedSince = phase === "Idle" ? neededSince : Date.parse(since);
  return Math.max(neededSince, restedSince, gates?.openSince ?? neededSince);
}

function beginning(record: CycleRecord, why: string, change: NodeChange): Decision {
  return { action: { do: "save", record, change, trial: "begin" }, why };
}

function recorded({ ready, unready }: Extract<OwnPods, { state: "seen" }>): CycleRecord["ownPods"] {
  return {
    ready: ready.slice(0, ownPodsMax),
    unready: unready.slice(0, ownPodsMax).map(({ key }) => key),
  };
}

/** A cordon that is there already is somebody else's, and stays. */
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

/**
 * Decides after the API server has refused to let a cycle begin. The next try waits, and the Node shows the
 * reason. After several refusals the slot is released to others, as a failure of this node.
 */
export function stuck(record: CycleRecord, context: Context): Decision | undefined {
  const { seen, now } = context;
  const { acquire, begin, rehearse } = seen.setbacks;
  const begun = [begin, rehearse].find((one) => one !== undefined && now < one.until);
  // Once its time has come it is tried once more.
  if (begun !== undefined) {
    const message = `the API server rejects the start of the cycle: ${serverWords(begun.why)}`;
    // Nothing needs to be looked at before the next try.
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
