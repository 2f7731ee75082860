import type { Conditions } from "../annotations/conditions.ts";
import type { DrainState } from "../drain/state.ts";
import type { GateAnswers, Stage } from "../gates/gate.ts";
import type { Need } from "../host/need/need.ts";
import type { LockFacts } from "../lock/facts.ts";

/**
 * The observations of one pass of the loop. All of it is from this pass: a pass begins with what is known
 * without asking anybody, and `decide` asks for the rest as it needs it. So a check is never older than the
 * step it allows.
 */
export interface Observation {
  /** The kernel's, now. */
  bootID: string;
  drain: DrainState;
  /** The fate of the last request to reboot, as far as this process knows more than the record. */
  ask?: Ask | undefined;
  /**
   * This process has itself seen the node drained, in this cycle. The record alone proves nothing: anybody who
   * may annotate the Node can write it.
   */
  isDrained: boolean;
  /** Since when this process has seen the node Ready without a break. */
  readySince?: number | undefined;
  /**
   * False once the lock has been seen without this node in it; a slot may be left over from before a
   * restart.
   */
  mayHoldSlot: boolean;
  /** A slot is free, and it is this node's turn among those that wait. */
  turn: boolean;
  /** The time without the API server in this phase; milliseconds. */
  unreachableMs: number;
  /** The number of times in the last minute that this process wrote why the node waits. */
  reportCount: number;
  /**
   * When a sentence may be written again only because its words differ; undefined while this process has
   * written none.
   */
  rewordAt?: number | undefined;
  /** Refusals and failures, which are not tried again before their time. */
  setbacks: Readonly<Partial<Record<Trial, Setback>>>;
  /** The writes of a cycle were tried in a dry run, and not refused. */
  isRehearsed: boolean;
  /** Why the API server refuses what was to be written on the own Node last; undefined where it does not. */
  refused?: string | undefined;
  /**
   * The version of the Node under which it was written last, where that had no answer and may take effect
   * yet.
   */
  unanswered?: string | undefined;
  /** The annotation of the own Node that pauses it, as the watch has shown it last. */
  paused?: string | undefined;
  /** The own Node without a request: its taints as they were read last, the rest as the watch has shown it. */
  known?: KnownNode | undefined;
  /** Since when this process knows of the need, where the record does not say it. */
  neededSince?: number | undefined;

  /** Looked at where a soft reboot is to be proved. */
  userspace?: UserspaceSeen;
  /** The machine is on its way down, for whatever reason. */
  shutdown?: "under-way" | "none" | "unknown";
  need?: Need;
  node?: NodeFacts | "gone";
  lock?: LockFacts;
  /** `stage`: for which they were asked. */
  gates?: GateAnswers & { stage: Stage };
  /** The pods that must be Ready after a reboot. */
  ownPods?: OwnPods;
  /** The Job of this cycle before the reboot, and the one after it. */
  beforeJob?: JobState;
  afterJob?: JobState;
}

/** When a hook Job is run: before the reboot, or after it. */
export type Hook = "before" | "after";

/**
 * A hook Job as the API server shows it. `job`: its "namespace/name". `why`: how it has failed, or why it
 * cannot be seen.
 */
export type JobState =
  | { state: "absent" | "running" | "complete"; job: string }
  | { state: "failed" | "unknown"; job: string; why: string };

/**
 * The pods of this node that it is of no use without. `ready`: DaemonSets, as "namespace/name", that have a
 * Ready one here. `unready`: DaemonSets and pods that have none, or are not.
 */
export type OwnPods =
  | { state: "seen"; ready: readonly string[]; unready: readonly Unready[] }
  | { state: "unknown"; why: string };

/**
 * The userspace under the kernel that runs. `softReboots`: how many times it was replaced since the boot. `since`:
 * when it began, by the wall clock as it is now; milliseconds since the epoch.
 */
export type UserspaceSeen =
  | { state: "seen"; softReboots: number; since: number }
  | { state: "unknown"; why: string };

/**
 * `key`: "namespace/name" of the DaemonSet, or of a pod of no DaemonSet, which is the same after a reboot.
 * `name`: the pod, for people.
 */
export interface Unready {
  key: string;
  name: string;
}

/**
 * `unsent`: the record names a request that was not made, as its checks had become too old, or the answer to
 * the record was lost. `refused`: the machine has certainly not taken it.
 */
export type Ask = { result: "unsent" } | { result: "refused"; why: string };

/**
 * Steps that may be refused for good, and back off. `rehearse`: a dry run of the writes of the cycle,
 * before a slot is acquired.
 */
export type Trial = "acquire" | "reenter" | "rehearse" | "begin" | `run the ${Hook} job`;

/** `until` and the time of a decision are on one scale. */
export interface Setback {
  times: number;
  until: number;
  why: string;
  /** The API server has refused it; it was reached. */
  isRefused: boolean;
}

/** `changedSince`: when it was read last, where it has changed since; milliseconds since the epoch. */
export interface KnownNode {
  facts: NodeFacts;
  changedSince?: number | undefined;
}

export interface NodeFacts {
  uid: string;
  resourceVersion: string;
  unschedulable: boolean;
  ready: boolean;
  /** When it became Ready, or ceased to be, as the kubelet says; RFC 3339. */
  readyChangedAt?: string | undefined;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  /** Its conditions that the daemon writes. */
  conditions: Conditions;
  /** The annotations for priority, pause, approval and a request to reboot, whatever they say. */
  priority: string | undefined;
  paused: string | undefined;
  approved: string | undefined;
  requested: string | undefined;
  /** Its deletionTimestamp: somebody has deleted it, and a finalizer keeps it. */
  deletedAt?: string | undefined;
  /**
   * The boot ID that the kubelet last reported. Its conditions are from this boot only if this is the
   * kernel's boot ID.
   */
  bootID: string | undefined;
  /** When the kubelet last said whether the node is Ready; milliseconds since the epoch, in whole seconds. */
  heartbeatAt?: number | undefined;
}

/**
 * https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#taint-v1-core; fields that are not
 * named are kept.
 */
export interface Taint {
  key: string;
  value?: string;
  effect: string;
}
