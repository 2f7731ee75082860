/** The language of a drain: what may happen to it, and what it asks for. Data alone. */

import type { ApiErrorCode } from "../../cluster/api.ts";
import type { Budget, Pod } from "../../cluster/objects.ts";
import type { EvictionRefusal } from "../evict.ts";
import type { BudgetFacts } from "../operators.ts";
import { type PodReason, podKey, type Verdict } from "../select.ts";
import { makerOf, type Tie, tieOf } from "../successors.ts";
import type { SurgePlan } from "../surge/plan.ts";
import { claimsOf } from "../volumes.ts";

export interface DrainRules {
  /** How many evictions are under way at a time, at most. */
  parallelism: number;
  /** Pods that have been terminating for this long are not waited for; 0 waits for all. */
  skipWaitForDeleteMs: number;
  /** From then on pods are deleted, past all budgets; in milliseconds of `clock.elapsed()`. */
  deleteAt: number;
  /**
   * The pods that wait for another pod in their place, and until when; in milliseconds of `clock.elapsed()`.
   */
  surge?: { selects: (pod: Pod) => boolean; until: number } | undefined;
  /** Facts about budgets that the budgets themselves do not carry. */
  budgetFacts?: BudgetFacts;
  /** The reboot follows at the deadline whatever remains, so that nothing but the deadline ends the drain. */
  rebootAnyway?: boolean;
  /** When the caller gives the drain up; in milliseconds of `clock.elapsed()`. */
  deadline: number;
  /** How long volumes have to be detached; 0 does not look at them. */
  volumeTimeoutMs: number;
  /** Since when the node is cordoned; milliseconds since the epoch. */
  cordonedAt: number;
  /** The same by the server's clock. */
  cordonedAtByServer: number;
}

/** One moment on two clocks: durations are measured on the first, the server writes times of the second. */
export interface Instant {
  /** The time of `clock.elapsed()`. */
  elapsed: number;
  /** Milliseconds since the epoch. */
  epoch: number;
}

/** A pod of the node as it is now, and the verdict of the selection on it. */
export interface Judged {
  pod: Pod;
  verdict: Verdict;
  /** "namespace/name" of each claim that its volumes use. */
  claims: readonly string[];
  /** See {@link makerOf}. */
  maker: string;
  /** Why the cordon does not keep its successors away. */
  tie: Tie | undefined;
  /** By the server's clock, in whole seconds; milliseconds since the epoch. */
  createdAt: number;
}

export function judged(pod: Pod, verdict: Verdict): Judged {
  return {
    pod,
    verdict,
    claims: claimsOf(pod),
    maker: makerOf(pod),
    tie: tieOf(pod),
    createdAt: Date.parse(pod.metadata?.creationTimestamp ?? ""),
  };
}

export type DrainEvent =
  /** All pods of the node, at the start and whenever something may have been missed. */
  | { type: "listed"; pods: readonly Judged[] }
  /** A pod has come, or has changed. */
  | ({ type: "seen" } & Judged)
  | { type: "gone"; pod: Pod }
  /** The server has accepted the eviction, or has no such pod. */
  | { type: "agreed"; uid: string }
  /** `chance`: in [0, 1), for the back-off. */
  | { type: "refused"; uid: string; refusal: EvictionRefusal; retryAfterMs: number; chance: number }
  /** It is known whether a roll-out puts another pod in its place. */
  | { type: "surge"; uid: string; plan: SurgePlan }
  /** All budgets of a namespace that is watched; undefined while a change of them may go unseen. */
  | { type: "budgets"; namespace: string; budgets: readonly Budget[] | undefined }
  | { type: "attached"; volumes: readonly string[] }
  /** These claims are waited for no longer. */
  | { type: "detached"; claims: readonly string[] }
  /**
   * The pods cannot be listed or watched, or a request about one of them is not answered: for now, or for
   * good.
   */
  | { type: "troubled"; code: ApiErrorCode; why: string }
  /** The server shows the pods again. */
  | { type: "watching" }
  /** The time of a `wait` has come. */
  | { type: "time" }
  | { type: "broke"; why: string };

export type DrainEventOf<T extends DrainEvent["type"]> = Extract<DrainEvent, { type: T }>;

export type DrainRequest =
  | { do: "evict"; pod: Pod }
  | { do: "delete"; pod: Pod }
  /** Delete a pod of a DaemonSet, which has its own grace whatever the options are. */
  | { do: "stop"; pod: Pod }
  /** Have a roll-out put another pod in its place, where one does. */
  | { do: "surge"; pod: Pod }
  /** Report the budgets of this namespace, now and whenever they change; or no longer. */
  | { do: "watch" | "unwatch"; namespace: string }
  /**
   * Wait for the volumes of these claims, "namespace/name", until then; in milliseconds of `clock.elapsed()`.
   */
  | { do: "detach"; claims: readonly string[]; until: number }
  /** Send a "time" when this moment of `clock.elapsed()` has come. */
  | { do: "wait"; until: number }
  | { do: "report"; what: "requested" | "stays"; pod: Pod; reasons: readonly PodReason[] }
  | { do: "report"; what: "refused" | "notSurged"; pod: Pod; why: string }
  /** `why`: "namespace/name" of the Deployment. */
  | { do: "report"; what: "surging"; pod: Pod; why: string }
  /** The state has changed, or its description has. */
  | { do: "notify" };

export function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? podKey(pod);
}

export function namespaceOf(pod: Pod | undefined): string {
  return pod?.metadata?.namespace ?? "";
}
