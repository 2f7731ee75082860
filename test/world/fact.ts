import type { RebootCause } from "../kubernetes/machines/power.ts";

/** One observation. `version` puts what several watches have shown into the order in which it was written. */
export type Fact = { at: number; version: number } & (
  | ({ kind: "node"; name: string } & NodeState)
  | { kind: "node-gone"; name: string }
  | { kind: "lock"; value: string | undefined }
  | { kind: "pod-deleted"; pod: string; node: string }
  | { kind: "pod-killed"; pod: string; node: string; wasStopping: boolean }
  | { kind: "sentinel"; name: string; isPresent: boolean }
  | { kind: "down"; name: string; bootID: string; cause: RebootCause }
);

export interface NodeState {
  isReady: boolean;
  isCordoned: boolean;
  /** The record says that the cordon is the daemon's. */
  isCordonOurs: boolean;
  phase: string | undefined;
  /** Why it waits, in the daemon's words. */
  reasons: readonly string[];
  bootID: string | undefined;
  /** Without those that Kubernetes adds by itself for a node that is not Ready. */
  taints: readonly string[];
  labels: Readonly<Record<string, string>>;
}
