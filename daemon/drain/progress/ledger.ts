/**
 * The pods that have to go and are still there, with how far the eviction of each is, and all counts of them.
 * Pure.
 */

import type { Pod } from "../../cluster/objects.ts";
import type { EvictionRefusal } from "../evict.ts";
import { isFinished, type PodReason, stopTier } from "../select.ts";
import { namespaceOf } from "./events.ts";

/** A pod that has to go and is still there. */
export interface Entry {
  pod: Pod;
  maker: string;
  /** See {@link tierOf}. */
  tier: number;
  reasons: readonly PodReason[];
  /** Its eviction or deletion has been requested at least once. */
  isRequested: boolean;
  request: EvictionRequest;
  /** Why the last request was refused. */
  refused: EvictionRefusal | undefined;
}

export type EvictionRequest = {
  /** How many requests there have been. */
  attempt: number;
  /** The server has failed for this pod, so that it waits for its turn in the line. */
  isInLine?: true;
} & (
  | {
      is: "due";
      at: number;
      /** From then on the pod waits for no turn and for no pause, and counts as never requested. */
      anewAt?: number;
      /** A budget keeps the pod. */
      held?: Held;
    }
  /** A roll-out puts another pod in its place, or it is evicted then. `deployment`: "namespace/name". */
  | { is: "surging"; until: number; deployment?: string }
  /** `openings`: see {@link Held}. `change`: the last one of the budgets that was known then. */
  | { is: "sent"; by: "evict" | "delete"; openings?: number; change: number }
  /** The server has accepted. That is believed for a time. */
  | { is: "agreed"; at: number }
);

/** The wait of a pod that a budget keeps; times are of `clock.elapsed()`. */
export interface Held {
  /** In [0, 1), for its back-offs. */
  chance: number;
  /** When its eviction is requested though the budget shows no change. */
  netAt: number;
  /**
   * The last change of the budgets that was known when the eviction was requested: only a later one counts. The
   * server may have refused it long before its answer.
   */
  change: number;
  /** How often in a row the server has refused it though its budget had opened. */
  openings: number;
  /** No request before that, however often the budget opens. */
  restsUntil: number;
  /** Its budget has opened: the eviction is requested then. */
  openAt?: number;
}

export interface Ledger {
  /** By UID. */
  readonly pods: ReadonlyMap<string, Entry>;
  /** UIDs of the pods whose eviction is to be requested, now or later, in the order of their turns. */
  readonly due: ReadonlySet<string>;
  /** How many pods budgets keep, by namespace. */
  readonly held: ReadonlyMap<string, number>;
  /** How many requests are under way, and how many of them after a turn in the line. */
  readonly underWay: number;
  readonly lineUnderWay: number;
  /** How many pods there are to wait for, by tier. A finished pod loses nothing, so nothing waits for it. */
  readonly awaited: readonly number[];
  /**
   * The line of the pods that the server has failed for, with one back-off: one request at a time, however
   * many pods stand in it, and the first pod that the server answers for lets all others go on.
   */
  readonly line: { failures: number; nextAt: number };
}

export const emptyLedger: Ledger = {
  pods: new Map(),
  due: new Set(),
  held: new Map(),
  underWay: 0,
  lineUnderWay: 0,
  awaited: [],
  line: { failures: 0, nextAt: 0 },
};

/** The new entry of a UID; undefined strikes it out. */
export type Change = readonly [uid: string, entry: Entry | undefined];

/** The one place where entries change, so that the counts agree with them. */
export function changed(ledger: Ledger, changes: readonly Change[]): Ledger {
  if (changes.length === 0) return ledger;
  const pods = new Map(ledger.pods);
  const due = new Set(ledger.due);
  const held = new Map(ledger.held);
  const awaited = [...ledger.awaited];
  let { underWay, lineUnderWay } = ledger;

  function count(entry: Entry | undefined, by: 1 | -1): void {
    if (entry === undefined) return;
    const { pod, tier, request, refused } = entry;
    if (isByBudget(refused) && !isTerminating(pod)) {
      const namespace = namespaceOf(pod);
      const number = (held.get(namespace) ?? 0) + by;
      if (number === 0) held.delete(namespace);
      else held.set(namespace, number);
    }
    if (request.is === "sent") underWay += by;
    if (request.is === "sent" && request.isInLine) lineUnderWay += by;
    if (!isFinished(pod)) awaited[tier] = (awaited[tier] ?? 0) + by;
  }

  for (const [uid, entry] of changes) {
    count(pods.get(uid), -1);
    count(entry, 1);
    if (entry === undefined) pods.delete(uid);
    else pods.set(uid, entry);
    if (entry !== undefined && entry.request.is !== "sent" && !isTerminating(entry.pod)) due.add(uid);
    else due.delete(uid);
  }
  return { ...ledger, pods, due, held, underWay, lineUnderWay, awaited };
}

/** The lowest tier of the pods that have to be gone before the drain ends; -1 where there are none. */
export function awaitedTier({ awaited }: Ledger): number {
  return awaited.findIndex((count) => count > 0);
}

/** Pods are awaited that have to be gone before pods of DaemonSets are stopped. */
export function awaitsOthers(ledger: Ledger): boolean {
  const tier = awaitedTier(ledger);
  return tier >= 0 && tier < stopTier;
}

export function isTerminating({ metadata }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

export function isByBudget(refusal: EvictionRefusal | undefined): boolean {
  return refusal?.by === "budget" || refusal?.by === "explained";
}
