import type { DrainState } from "../drain/state.ts";
import type { GateAnswers, Stage } from "../gates/gate.ts";
import type { Need } from "../host/need.ts";
import type { LockFacts } from "../lock/store.ts";

/**
 * What one pass of the loop has seen. All of it is from this pass: a pass begins with what is known without asking
 * anybody, and `decide` asks for the rest as it needs it. So a check is never older than the step it allows.
 */
export interface Seen {
  /** The kernel's, now. */
  bootID: string;
  drain: DrainState;
  /** The highest attempt for which this process has asked the machine to reboot. */
  askedAttempt: number;
  /** Why the machine certainly did not take the last request. */
  askRefused?: string | undefined;
  /** Since when this process has seen the node Ready without a break. */
  readySince?: number | undefined;
  /** False once the lock has been seen without this node in it; a slot may be left over from before a restart. */
  mayHoldSlot: boolean;
  /** A slot is free, and it is this node's turn among those that wait. */
  turn: boolean;

  need?: Need;
  node?: NodeFacts | "gone";
  lock?: LockFacts;
  /** `stage`: for which they were asked. */
  gates?: GateAnswers & { stage: Stage };
  /** "namespace/name" of those that are to be Ready after a reboot and are not. */
  unreadyPods?: readonly string[];
}

export interface NodeFacts {
  uid: string;
  resourceVersion: string;
  unschedulable: boolean;
  ready: boolean;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  taints: readonly Taint[];
  /** The annotations for priority, pause and a request to reboot, whatever they say. */
  priority: string | undefined;
  paused: string | undefined;
  requested: string | undefined;
  /** What the kubelet last reported. Its conditions are from this boot only if this is the kernel's boot ID. */
  bootID: string | undefined;
}

/** https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#taint-v1-core; fields that are not named are kept. */
export interface Taint {
  key: string;
  effect: string;
}
