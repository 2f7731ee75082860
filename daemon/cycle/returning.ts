import { readinessKeys } from "../annotations/readiness-taints.ts";
import { bootIDIn, bootText } from "../lock/lock.ts";
import { firstOf } from "../text/list.ts";
import { iso } from "../time/iso.ts";
import { afterJob } from "./after-job.ts";
import {
  type Context,
  type Decision,
  keptSlot,
  look,
  lookAtGates,
  nodeGone,
  phase,
  save,
  wait,
} from "./decision.ts";
import { departureOf, leavesCordon } from "./departing.ts";
import { historyAfter } from "./history.ts";
import { withoutJobs } from "./hook-jobs.ts";
import { missingHooks } from "./hooks.ts";
import { type MarkPolicy, unmarked, unmarkRebooted } from "./marks.ts";
import type { NodeFacts, Observation, OwnPods, Unready } from "./observation.ts";
import { rebootedMessage, softRebootedMessage } from "./outcomes.ts";
import { isOfThisBoot, proofOf, unknownText } from "./reboot-kind.ts";
import type { CycleRecord } from "./record.ts";
import { restore } from "./restoring.ts";
import { tookAlso } from "./took.ts";

/**
 * The pause before pods that are not Ready, or gates, are looked at again, as nobody reports on them; longer in
 * a long wait.
 */
const podsRecheckMs = { soon: 5000, late: 60_000 };
const podsSoonMs = 2 * 60_000;
const podsNamedMax = 5;
const taintsNamedMax = 5;
/**
 * Pods that were not Ready before the cordon may have been about to be. The node waits for them no longer
 * than this.
 */
const brokenPodsMs = 60_000;
/** The same for taints that were there before the cordon: they may have been about to go. */
const leftTaintsMs = 60_000;

/** Something that the node is not back without. */
interface Missing {
  what: string;
  /** Later it is overdue: the option has named the time from the proof of the reboot. */
  due: number;
  option: string;
  /** When to look again although nothing has been reported. */
  lookAt?: number;
}

/**
 * After the reboot is proved: whether the node is back as it was. Ends with the uncordon; however late,
 * not without all.
 */
export function returning(record: CycleRecord, context: Context): Decision {
  const { seen, policy, now } = context;
  const { node, ownPods } = seen;
  const unproved = (why: string) => restore(record, "failed", why, context);
  if (record.bootID === undefined) return unproved("the record names no boot ID that would prove a reboot");
  const proof = proofOf(record, seen);
  if (proof === "look") return look("userspace");
  if (proof === "none") return unproved(unprovedText(record));
  const kept = keptSlot(context);
  if (kept !== undefined) return kept;
  // Anybody who may annotate the Node may have written its record; the lock is another object.
  if ((proof === "full" && isBootIDOf(seen)) || (proof === "soft" && isUserspaceOf(seen)))
    return unproved(
      "the record says that the machine has rebooted, but the lock names the boot that still runs",
    );
  if (node === undefined) return look("node");
  if (node === "gone") return nodeGone(context);
  if (record.cordoned && !node.unschedulable) {
    const why = "somebody uncordoned the node; a cordon from now on is not ours";
    return save({ ...record, cordoned: false }, why);
  }
  const unknown = typeof proof === "object" ? missingProof(record, proof, context) : undefined;
  const readiness = missingReadiness(record, node, context);
  if (readiness === undefined && ownPods === undefined) return look("pods");
  const pods = missingPods(record, ownPods, context);
  const taints = missingTaints(record, node, context);
  const broken = `${stillBroken(record, ownPods)}${stillTainted(record, node, context)}${stillCordoned(record, node, context)}`;
  const hooks = missingAfter(record, node, context);
  const missing = [unknown, readiness, pods, taints, hooks].filter((one) => one !== undefined);
  if (missing.length > 0) return waitFor(missing, context);
  const job = afterJob(record, context);
  if ("action" in job) return job;
  // Conditions of health may depend on what the Job undoes.
  if (policy.asksOnReturn && seen.gates?.stage !== "return") return lookAtGates("return");
  const closed = missingGates(record, context);
  if (closed !== undefined) return waitFor([closed], context);
  if (seen.shutdown === undefined) return look("shutdown");
  if (seen.shutdown === "under-way") {
    return wait("the node is back, but the machine is going down again", now + podsRecheckMs.soon);
  }
  const message = `${proof === "soft" ? softRebootedMessage : rebootedMessage}${broken}${job.note}`;
  const outcome = { result: "rebooted", at: iso(now), message } as const;
  const tookMs = tookAlso(record.tookMs, "return", Date.parse(record.since), now);
  return save(
    {
      ...phase(record, "Settling", now),
      ...unmarked,
      ...withoutJobs,
      reboots: record.reboots + 1,
      request: undefined,
      acceptedAt: record.request === undefined ? record.acceptedAt : iso(now),
      askedAt: undefined,
      failures: 0,
      withdrawals: 0,
      outcome,
      tookMs,
      softReboots: undefined,
      history: historyAfter(record.history, {
        outcome,
        need: record.need,
        took: tookMs,
        rebootedAt: record.since,
        isSoft: proof === "soft",
      }),
    },
    `the node is back${broken}${job.note}`,
    unmarkRebooted(removable(policy.marks, record, seen), record, node),
  );
}

/** Whether the lock names the kernel that runs as the one from before the cycle. */
function isBootIDOf({ lock, bootID }: Observation): boolean {
  return lock?.boot !== undefined && bootIDIn(lock.boot) === bootText(bootID);
}

/** Whether the lock names the userspace that runs so, or knows of no soft reboot that is to come. */
function isUserspaceOf({ lock, bootID, userspace }: Observation): boolean {
  if (lock?.boot === undefined || userspace?.state !== "seen") return false;
  return lock.boot === bootText(bootID) || lock.boot === bootText(bootID, userspace.softReboots);
}

function unprovedText({ softReboots }: CycleRecord): string {
  const count = softReboots === undefined ? "" : ", and systemd has counted no soft reboot since";
  return `the boot ID is the one from before the reboot${count}`;
}

/** The bus of the machine may be a moment behind. */
function missingProof(record: CycleRecord, proof: { unknown: string }, context: Context): Missing {
  const lookAt = context.now + podsRecheckMs.soon;
  return { ...readyDue(record, context), what: unknownText(proof), lookAt };
}

/**
 * A label that requests the reboot, and that the API server does not let the daemon remove, stays: the node is back
 * all the same. The label then keeps its next cycle from the start, and says so. One that came during a soft reboot
 * stays too, as its program waits for another boot ID.
 */
function removable(
  marks: MarkPolicy,
  record: CycleRecord,
  { refused, bootID }: Pick<Observation, "refused" | "bootID">,
): MarkPolicy {
  const { requestLabel } = marks;
  if (requestLabel === undefined) return marks;
  const stays = bootID === record.bootID || refused?.includes(requestLabel.key) === true;
  return stays ? { ...marks, requestLabel: undefined } : marks;
}

/** The Node's conditions are those of the boot before until the kubelet has reported this one. */
function missingReadiness(record: CycleRecord, node: NodeFacts, context: Context): Missing | undefined {
  const { seen, policy, now } = context;
  const due = readyDue(record, context);
  if (!node.ready) return { ...due, what: "the node is not Ready" };
  if (!isOfThisBoot(node, seen)) return { ...due, what: "the kubelet has not yet reported this boot" };
  const settled = (seen.readySince ?? now) + policy.readySettleMs;
  if (now >= settled) return undefined;
  return { ...due, what: "waiting for the node to stay Ready for --ready-settle", lookAt: settled };
}

/** Pods that are scheduled to the node would not start without its pods for network and storage. */
function missingPods(record: CycleRecord, pods: OwnPods | undefined, context: Context): Missing | undefined {
  if (pods === undefined) return undefined;
  const { now } = context;
  const since = Date.parse(record.since);
  const times = { ...readyDue(record, context), lookAt: lookAgainAt(record, context) };
  if (pods.state === "unknown") {
    return { ...times, what: `cannot tell whether the pods of this node are Ready: ${pods.why}` };
  }
  const mayBeBroken = now >= since + brokenPodsMs;
  const holding = pods.unready.filter((one) => !(mayBeBroken && wasBroken(record, one)));
  if (holding.length === 0) return undefined;
  return { ...times, what: `waiting for pods of this node to be Ready: ${named(holding)}` };
}

/** Gates that are asked before the uncordon, and are closed. */
function missingGates(record: CycleRecord, context: Context): Missing | undefined {
  const { closed = [] } = context.seen.gates ?? {};
  if (closed.length === 0) return undefined;
  const what = closed.map(({ message }) => message).join("; ");
  return { ...readyDue(record, context), what, lookAt: lookAgainAt(record, context) };
}

function lookAgainAt(record: CycleRecord, { now }: Context): number {
  const since = Date.parse(record.since);
  return now + (now < since + podsSoonMs ? podsRecheckMs.soon : podsRecheckMs.late);
}

function wasBroken({ ownPods }: CycleRecord, { key }: Unready): boolean {
  return ownPods?.unready.includes(key) === true;
}

/** The end of a sentence that says that the node is back. */
function stillBroken(record: CycleRecord, pods: OwnPods | undefined): string {
  const broken = pods?.state === "seen" ? pods.unready.filter((one) => wasBroken(record, one)) : [];
  return broken.length === 0 ? "" : `; not Ready, as before the cordon: ${named(broken)}`;
}

/** The program that has put such a taint there removes it. */
function missingTaints(record: CycleRecord, node: NodeFacts, context: Context): Missing | undefined {
  const { policy, now } = context;
  const leftUntil = Date.parse(record.since) + leftTaintsMs;
  const keys = readinessKeys(node.taints, policy.readyTaintsIgnored);
  const holding = keys.filter((key) => now < leftUntil || !wasTainted(record, key));
  if (holding.length === 0) return undefined;
  const isSoon = now < leftUntil && holding.some((key) => wasTainted(record, key));
  return {
    ...readyDue(record, context),
    what: `waiting for taints to be removed: ${firstOf(holding, taintsNamedMax)}`,
    ...(isSoon && { lookAt: leftUntil }),
  };
}

function wasTainted({ readinessTaints }: CycleRecord, key: string): boolean {
  return readinessTaints?.includes(key) === true;
}

/** The end of a sentence that says that the node is back. */
function stillTainted(record: CycleRecord, node: NodeFacts, { policy }: Context): string {
  const keys = readinessKeys(node.taints, policy.readyTaintsIgnored).filter((key) => wasTainted(record, key));
  return keys.length === 0 ? "" : `; tainted, as before the cordon: ${firstOf(keys, taintsNamedMax)}`;
}

/** The same where the cordon stays. */
function stillCordoned({ cordoned }: CycleRecord, node: NodeFacts, { policy }: Context): string {
  if (!cordoned || !leavesCordon(node)) return "";
  return `; left cordoned: ${departureOf(node, policy.departingWhen)?.message}`;
}

function named(unready: readonly Unready[]): string {
  return firstOf(
    unready.map(({ name }) => name),
    podsNamedMax,
  );
}

function missingAfter(record: CycleRecord, node: NodeFacts, context: Context): Missing | undefined {
  const { policy, now } = context;
  const { keys, timeoutMs, late } = policy.afterHooks;
  const hooks = missingHooks(keys, node);
  const due = dueAfter(record, timeoutMs, context);
  if (hooks.length === 0 || (late === "go-on" && now >= due)) return undefined;
  return {
    what: `waiting for the annotations that are to be true after the reboot: ${hooks.join(", ")}`,
    due,
    option: "--after-reboot-hooks-timeout",
  };
}

function readyDue(record: CycleRecord, context: Context): Pick<Missing, "due" | "option"> {
  return { due: dueAfter(record, context.policy.readyTimeoutMs, context), option: "--ready-timeout" };
}

/** A server that cannot be reached shows nothing of what is waited for. */
function dueAfter(record: CycleRecord, timeoutMs: number, { seen }: Context): number {
  return Date.parse(record.since) + timeoutMs + seen.unreachableMs;
}

function waitFor(missing: readonly Missing[], { seen, policy, now }: Context): Decision {
  const why = missing
    .map(({ what, due, option }) => (now < due ? what : `${what} for longer than ${option}`))
    .join("; ");
  // While the server is away, what is due moves on with the time.
  const soonest = seen.unreachableMs > 0 ? now + policy.gateRecheckMs : now;
  const dues = missing.map(({ due }) => due).filter((time) => time > soonest);
  const looks = missing.flatMap(({ lookAt = now }) => lookAt).filter((time) => time > now);
  const times = [...dues, ...looks];
  // Nobody tells of a slot that is lost.
  const until = Math.min(...times, now + policy.gateRecheckMs);
  if (missing.every(({ due }) => now < due)) return wait(why, until);
  return { ...wait(`${why}; it keeps its slot`, until), overdue: true };
}
