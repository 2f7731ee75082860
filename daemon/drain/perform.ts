/** The requests of a drain, performed; each answer is an event again. */

import { type Api, isApiError } from "../cluster/api.ts";
import { createBudgetReader, followBudgets } from "../cluster/budgets.ts";
import type { Budget, Pod } from "../cluster/objects.ts";
import type { Clock, Random } from "../time/clock.ts";
import { createLimit } from "../time/limit.ts";
import { explainedRefusal, judgeBudgets } from "./budgets.ts";
import { type EvictionCode, type EvictionRefusal, endPod } from "./evict.ts";
import {
  type DrainEvent,
  type DrainEventOf,
  type DrainRequest,
  namespaceOf,
  uidOf,
} from "./progress/events.ts";
import type { Progress } from "./progress/progress.ts";
import { isSurging } from "./progress/surges.ts";
import type { PodReason } from "./select.ts";
import { markOf } from "./surge/plan.ts";
import { awaitDetached } from "./volumes.ts";

export interface PerformOptions {
  api: Api;
  clock: Clock;
  random: Random;
  nodeName: string;
  gracePeriodSeconds: number;
  /** Since when the node is cordoned, as the record has it; milliseconds since the epoch. */
  cordonedAt: number;
  /**
   * The state has changed (volumes are waited for, the node is empty, the drain cannot go on), or the report
   * of the pods that remain.
   */
  onChange: () => void;
  report: DrainReport;
}

/** Notified of what may be of interest to the owner of a pod, or to the node's. */
export interface DrainReport {
  /** The eviction or deletion of a pod is requested for the first time. */
  requested(pod: Pod, reasons: readonly PodReason[]): void;
  /** The API server has answered an eviction request, or has not. */
  answered(code: EvictionCode): void;
  refused(pod: Pod, why: string): void;
  /** It should go, and goes down with the machine. */
  stays(pod: Pod, reasons: readonly PodReason[]): void;
  /** A roll-out of the Deployment, "namespace/name", puts another pod in its place before it goes. */
  surging(pod: Pod, deployment: string): void;
  /** It is selected for that, and evicted all the same. */
  notSurged(pod: Pod, why: string): void;
  /** Budgets cannot be watched; reported once. */
  unwatched(why: string): void;
  /** Volumes may be attached when the node goes on. */
  stillAttached(why: string): void;
}

export interface DrainPorts {
  happen: (event: DrainEvent) => void;
  progress: () => Progress;
  /** Takes a failure of work that goes on beside the drain. */
  watchOver: (work: Promise<void>) => void;
}

/** Deployments that are read or restarted at a time. */
const surgesAtOnce = 10;
/** How long the watch of budgets is believed; a pod that one keeps is tried now and then all the same. */
const budgetTrustMs = 2 * 60_000;
/** Leaves a pod its own grace period. */
const ownGrace = -1;

export function createPerformer(
  options: PerformOptions,
  { happen, progress, watchOver }: DrainPorts,
  signal: AbortSignal,
): (request: DrainRequest) => void {
  const { report, gracePeriodSeconds } = options;
  const end = createEnder(options, progress, signal);
  const limit = createLimit(surgesAtOnce);
  const watches = createBudgetWatches(options, happen, signal);
  const wakeAt = createAlarm(options.clock, () => happen({ type: "time" }), signal);

  /** The code that only the option needs is loaded with it. */
  async function surge(pod: Pod): Promise<DrainEventOf<"surge">> {
    const { restartFor } = await import("./surge/restart.ts");
    const mark = markOf(options.cordonedAt);
    const isWanted = () => isSurging(progress().ledger, pod);
    const plan = await limit(() => restartFor({ ...options, mark, isWanted }, pod, signal));
    return { type: "surge", uid: uidOf(pod), plan };
  }

  async function detach({ claims, until }: Extract<DrainRequest, { do: "detach" }>): Promise<void> {
    const onAttached = (volumes: readonly string[]) => happen({ type: "attached", volumes });
    await awaitDetached({ ...options, claims, until, onAttached, onGivenUp: report.stillAttached }, signal);
    happen({ type: "detached", claims });
  }

  return (request) => {
    switch (request.do) {
      case "evict":
      case "delete":
        return watchOver(end(request.do, request.pod, gracePeriodSeconds).then(happen));
      case "stop":
        return watchOver(end("delete", request.pod, ownGrace).then(happen));
      case "surge":
        return watchOver(surge(request.pod).then(happen));
      case "watch":
        return watchOver(watches.start(request.namespace));
      case "unwatch":
        return watches.stop(request.namespace);
      case "detach":
        return watchOver(detach(request));
      case "wait":
        return wakeAt(request.until);
      case "report":
        if ("why" in request) return report[request.what](request.pod, request.why);
        return report[request.what](request.pod, request.reasons);
      case "notify":
        return options.onChange();
      default:
        return request satisfies never;
    }
  };
}

/** Requests the end of one pod, and answers how that went. */
function createEnder(
  { api, clock, random, report }: PerformOptions,
  progress: () => Progress,
  signal: AbortSignal,
) {
  const readBudgets = createBudgetReader(api, clock);

  /**
   * The budget in the words of the preflight, where one is the reason; else, or where it may not be read, the
   * server's words.
   */
  async function explain(pod: Pod, refusal: EvictionRefusal): Promise<EvictionRefusal> {
    if (refusal.by !== "budget" && refusal.by !== "server") return refusal;
    try {
      const namespace = namespaceOf(pod);
      const watched = progress().budgets.get(namespace)?.budgets;
      const budgets = watched ?? (await readBudgets(namespace, signal));
      const { ledger, rules } = progress();
      const known = ledger.pods.get(uidOf(pod))?.pod ?? pod;
      const { refused } = judgeBudgets(known, budgets, rules.budgetFacts);
      return refused === undefined ? refusal : explainedRefusal(refused, known, budgets);
    } catch (error) {
      signal.throwIfAborted();
      if (!isApiError(error)) throw error;
      return refusal;
    }
  }

  return async (
    by: "evict" | "delete",
    pod: Pod,
    gracePeriodSeconds: number,
  ): Promise<DrainEventOf<"agreed" | "refused">> => {
    const uid = uidOf(pod);
    const answer = await endPod(api, by, pod, gracePeriodSeconds, signal, report.answered);
    if (answer.agreed) return { type: "agreed", uid };
    // No budget blocks a deletion.
    const refusal = by === "delete" ? answer.refusal : await explain(pod, answer.refusal);
    return { type: "refused", uid, refusal, retryAfterMs: answer.retryAfterMs, chance: random() };
  };
}

function createBudgetWatches(
  options: PerformOptions,
  happen: (event: DrainEvent) => void,
  signal: AbortSignal,
) {
  const watches = new Map<string, AbortController>();
  let isUnwatched = false;
  return {
    async start(namespace: string): Promise<void> {
      const own = new AbortController();
      watches.set(namespace, own);
      const onBudgets = (budgets: readonly Budget[] | undefined) => {
        if (!own.signal.aborted) happen({ type: "budgets", namespace, budgets });
      };
      const followed = { ...options, namespace, trustMs: budgetTrustMs, onBudgets };
      const refusal = await followBudgets(followed, AbortSignal.any([own.signal, signal]));
      if (refusal === undefined || isUnwatched) return;
      isUnwatched = true;
      options.report.unwatched(refusal);
    },
    stop(namespace: string): void {
      watches.get(namespace)?.abort();
      watches.delete(namespace);
    },
  };
}

/**
 * Rings at the earliest of the times that it is set to. A time that is not needed any more rings all the
 * same, and does nothing.
 */
function createAlarm(clock: Clock, ring: () => void, signal: AbortSignal): (at: number) => void {
  let alarmAt = Number.POSITIVE_INFINITY;
  return (at) => {
    if (at >= alarmAt) return;
    alarmAt = at;
    // Whole milliseconds: at a fraction of one before its time nothing is due yet, again and again.
    clock.sleep(Math.ceil(at - clock.elapsed()), signal).then(
      () => {
        if (alarmAt === at) alarmAt = Number.POSITIVE_INFINITY;
        ring();
      },
      () => {},
    );
  };
}
