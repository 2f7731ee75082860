import type { NamedSign } from "../annotations/departures.ts";
import type { Escalation } from "../drain/escalation.ts";
import type { Stage } from "../gates/gate.ts";
import type { Closed } from "../gates/reasons.ts";
import type { RebootKind } from "../host/reboot/rebooter.ts";
import { iso } from "../time/iso.ts";
import type { MarkPolicy, NodeChange } from "./marks.ts";
import type { Hook, Observation, Trial } from "./observation.ts";
import type { CycleRecord, Reason } from "./record.ts";

/** The settings that the order of things depends on. Times in milliseconds. */
export interface Policy extends Escalation {
  marks: MarkPolicy;
  drainDelayMs: number;
  rebootDelayMs: number;
  rebootTimeoutMs: number;
  rebootAttempts: number;
  maxRebootsPerNeed: number;
  rebootKind: RebootKind;
  /** After so many failed cycles in a row a node is given up until a person asks; 0 is never. */
  maxFailuresPerNode: number;
  /** The configured lock, as the record names it. */
  lock: string;
  readySettleMs: number;
  readyTimeoutMs: number;
  /** Keys of taints that the return does not wait for, and prefixes of them with a star. */
  readyTaintsIgnored: readonly string[];
  /** Signs by which others take a node away, beside those that are always honoured. */
  departingWhen: readonly NamedSign[];
  beforeHooks: Hooks & { late: "restore" | "go-on" };
  afterHooks: Hooks & { late: "wait" | "go-on" };
  /** Gates are asked before the uncordon, too. */
  asksOnReturn: boolean;
  /** Undefined without such a Job. */
  beforeJob: (HookJob & { failed: "restore" | "go-on" }) | undefined;
  afterJob: (HookJob & { failed: "wait" | "go-on" }) | undefined;
  lockReleaseDelayMs: number;
  /** The pause before closed gates that nobody reports on are asked again. */
  gateRecheckMs: number;
}

/**
 * Annotations of the Node that somebody else sets to `true`, and what is done without them after the time.
 */
export interface Hooks {
  keys: readonly string[];
  timeoutMs: number;
}

/** A Job that is run in each cycle. `template`: "namespace/name" of what it is made from. */
export interface HookJob {
  template: string;
  timeoutMs: number;
}

/** Everything beside the record that a decision depends on. */
export interface Context {
  seen: Observation;
  policy: Policy;
  now: number;
  /** The Node names other reasons of the need than there are now. */
  isNeedReworded?: boolean;
}

/**
 * The pause before a transient reason is looked at again: the node is empty meanwhile, or the machine goes
 * down.
 */
export const transientRecheckMs = 5000;

/** The next thing to do, as data. */
export type Action =
  /** See this too, then decide again within the same pass. */
  | {
      do: "look";
      at: "need" | "node" | "lock" | "pods" | "shutdown" | "userspace" | "rehearsal" | `${Hook} job`;
    }
  | { do: "look"; at: "gates"; stage: Stage }
  /** Nothing to do until something happens, or until then. `slot`: a free slot is something that happens. */
  | { do: "wait"; until?: number; slot?: true }
  | { do: "acquire" }
  /** Puts back the entry of a node that is down, whatever the limits are. */
  | { do: "reenter" }
  /** `end`: of the cycle that is over with it. */
  | { do: "release"; end?: CycleRecord["outcome"] }
  /**
   * One patch of the Node: the record, and the change with it. `trial`: what is counted where it is
   * refused.
   */
  | { do: "save"; record: CycleRecord; change: NodeChange; trial?: Trial }
  /** Creates the Job that the record names. `deadline`: milliseconds since the epoch. */
  | { do: "run job"; hook: Hook; id: string; deadline: number }
  /** All in milliseconds since the epoch. */
  | { do: "drain"; cordonedAt: number; deadline: number; deleteAt: number }
  /**
   * The record that says so is written first, so that a machine that may have been asked is known for one.
   */
  | { do: "reboot"; record: CycleRecord };

export interface Decision {
  action: Action;
  /** The sentence that explains it. */
  why: string;
  /** The reasons that hold the node back, whether or not they are to be written. */
  reasons?: readonly Reason[];
  /** When the drain that is under way is given up; milliseconds since the epoch. */
  drainEnds?: number;
  /** The node is past its time to go down or to return, and the roll stands still. */
  overdue?: true;
}

export function nodeGone({ policy, now }: Context): Decision {
  return wait("the cluster has no Node of this name", now + policy.gateRecheckMs);
}

export function look(at: Exclude<Extract<Action, { do: "look" }>["at"], "gates">): Decision {
  return { action: { do: "look", at }, why: `look at the ${at}` };
}

export function lookAtGates(stage: Stage): Decision {
  return { action: { do: "look", at: "gates", stage }, why: `look at the gates for the ${stage}` };
}

/** Undefined: until something happens. */
export function wait(why: string, until?: number): Decision {
  return { action: until === undefined ? { do: "wait" } : { do: "wait", until }, why };
}

export function save(record: CycleRecord, why: string, change: NodeChange = {}): Decision {
  return { action: { do: "save", record, change }, why };
}

export function phase(record: CycleRecord, next: CycleRecord["phase"], now: number): CycleRecord {
  return { ...record, phase: next, since: iso(now) };
}

/**
 * A node that is down keeps its slot, or puts its entry back where the lock has lost it; a person's unlock
 * it does not undo. Undefined where there is nothing to do.
 */
export function keptSlot({ seen, now }: Context): Decision | undefined {
  const { lock, node, setbacks } = seen;
  if (lock === undefined) return look("lock");
  const isLost = !lock.held && !lock.takenAway && lock.refusal?.code !== "lock-unreadable";
  const setback = setbacks.reenter;
  if (!isLost || (setback !== undefined && now < setback.until)) return undefined;
  if (node === undefined) return look("node");
  if (node === "gone") return undefined;
  return {
    action: { do: "reenter" },
    why: "the lock has lost the slot of this node, which is down; restoring the entry",
  };
}

/**
 * Written anew, the Node refuses the write that had no answer: a cordon of that must not come after the
 * release.
 */
function fenced(record: CycleRecord, now: number): Decision {
  const message = "a write to this Node had no answer; writing it again before the slot is released";
  const isUnsaid = record.phase === "Waiting" && record.reasons.length === 0;
  const closed = { gate: "node", code: "unanswered", message, since: iso(now) } as const satisfies Closed;
  const reasons = isUnsaid ? [closed] : record.reasons;
  return save({ ...record, reasons, reportedAt: iso(now) }, message);
}

/**
 * Releases the slot, and whatever else bears this node's name; undefined once there is nothing left of it.
 * Straight before, the Node is to say that its cycle is over: it may have been restored from a backup since
 * it was read.
 */
export function released(
  record: CycleRecord,
  { seen, now }: Context,
  why: string,
  end?: CycleRecord["outcome"],
): Decision | undefined {
  const { lock, node, mayHoldSlot, unanswered } = seen;
  if (!mayHoldSlot) return undefined;
  if (lock === undefined) return look("lock");
  if (!lock.held && !lock.hasStaleEntry) return undefined;
  if (node === undefined) return look("node");
  if (node !== "gone" && node.resourceVersion === unanswered) return fenced(record, now);
  return { action: end === undefined ? { do: "release" } : { do: "release", end }, why };
}

export function soonest(...times: readonly (number | undefined)[]): number {
  return Math.min(...times.filter((time) => time !== undefined));
}
