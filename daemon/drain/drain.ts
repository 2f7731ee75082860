import { type Api, isApiError } from "../cluster/api.ts";
import { createBudgetReader, followBudgets } from "../cluster/budgets.ts";
import { daemonSetExists } from "../cluster/daemon-sets.ts";
import { inform } from "../cluster/informer.ts";
import { type Budget, keptOfPod, type Pod, type WholePod } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { Clock, Random } from "../time/clock.ts";
import { linked } from "../time/linked.ts";
import { judgeBudgets } from "./budgets.ts";
import { askToEnd, type EvictionRefusal } from "./evict.ts";
import {
  beginDrain,
  type DrainEvent,
  type DrainRequest,
  type Judged,
  judged,
  type Moment,
  stateOf,
  step,
  uidOf,
} from "./progress/progress.ts";
import { daemonSetOf, isSaidToBeHeld, type PodReason, type Selection, selectPod } from "./select.ts";
import type { DrainState } from "./state.ts";
import { awaitDetached } from "./volumes.ts";

export interface DrainOptions {
  api: Api;
  clock: Clock;
  random: Random;
  nodeName: string;
  selection: Selection;
  podSelector: string | undefined;
  gracePeriodSeconds: number;
  /** From then on pods are deleted, past all budgets; in milliseconds of `clock.elapsed()`. */
  deleteAt: number;
  /** Since when the node is cordoned; milliseconds since the epoch. */
  cordonedAt: number;
  /** The same by the server's clock, by which it writes when a pod was made. */
  cordonedAtByServer: number;
  /** How long it waits for volumes to be detached; 0 does not look at them. */
  volumeTimeoutMs: number;
  /** How many requests are under way at a time, at most. */
  parallelism: number;
  /** When the caller gives the drain up, in milliseconds of `clock.elapsed()`. */
  deadline: number;
  /** The state is another one (volumes are waited for, the node is empty, the drain cannot go on), or what is said of the pods that are left. */
  onChange: () => void;
  report: DrainReport;
}

/** Told of what may be of interest to the owner of a pod, or to the node's. */
export interface DrainReport {
  asked(pod: Pod, reasons: readonly PodReason[]): void;
  refused(pod: Pod, why: string): void;
  /** It should go, and goes down with the machine. */
  left(pod: Pod, reasons: readonly PodReason[]): void;
  /** Budgets cannot be watched; told once. */
  unwatched(why: string): void;
  /** Volumes may be attached when the node goes on. */
  stillAttached(why: string): void;
}

/** So long the watch of the pods is believed. */
const trustMs = 50_000;
/** A drain has little time; but a right that is missing does not come within seconds. */
const rests = { broken: { firstMs: 500, maxMs: 60_000 }, refused: { firstMs: 10_000, maxMs: 60_000 } };
/** And that of budgets, of which a pod is asked for now and then all the same. */
const budgetTrustMs = 2 * 60_000;

export interface Drain {
  state(): DrainState;
}

/**
 * Empties the node: one list of its pods, then one watch, and an eviction for each pod that has to go, also for those
 * that the watch shows later; ordinary pods first. It is done when no such pod is left and none has come for a while, and
 * goes on for those that come even then, until the signal ends it; deadlines are the caller's.
 */
export function startDrain(options: DrainOptions, outer: AbortSignal): Drain {
  const { api, clock, nodeName, selection, report } = options;
  const { signal, end } = linked(outer);

  const now = (): Moment => ({ elapsed: clock.elapsed(), epoch: clock.wall() });
  const { skipWaitForDeleteMs, rebootAnyway } = selection;
  const budgetFacts = { isSaidToBeHeld: (budget: Budget) => isSaidToBeHeld(selection, budget) };
  let progress = beginDrain({ ...options, skipWaitForDeleteMs, rebootAnyway, budgetFacts }, now());
  const daemonSets = new Map<string, boolean>();
  const readBudgets = createBudgetReader(api, clock);
  const watches = new Map<string, AbortController>();
  let isUnwatched = false;
  let alarmAt = Number.POSITIVE_INFINITY;

  function happen(event: DrainEvent): void {
    if (signal.aborted) return;
    const { progress: next, requests } = step(progress, event, now());
    progress = next;
    if (progress.failed !== undefined) end(new Error("the drain is over"));
    for (const request of requests) perform(request);
  }

  function perform(request: DrainRequest): void {
    switch (request.do) {
      case "evict":
      case "delete":
        endOnError(ask(request.do, request.pod));
        break;
      case "watch":
        endOnError(watchBudgets(request.namespace));
        break;
      case "unwatch":
        watches.get(request.namespace)?.abort();
        watches.delete(request.namespace);
        break;
      case "detach":
        endOnError(detach(request));
        break;
      case "wait":
        wake(request.until);
        break;
      case "report":
        if (request.what === "refused") report.refused(request.pod, request.why);
        else report[request.what](request.pod, request.reasons);
        break;
      case "notify":
        options.onChange();
        break;
      default:
        request satisfies never;
    }
  }

  function endOnError(work: Promise<void>): void {
    work.catch(broke);
  }

  function broke(error: unknown): void {
    happen({ type: "broke", why: `the drain broke: ${(error as Error).message}` });
  }

  /** An alarm that is not needed any more rings all the same, and does nothing. */
  function wake(at: number): void {
    if (at >= alarmAt) return;
    alarmAt = at;
    // Whole milliseconds: what is due in a fraction of one is not due yet, again and again.
    clock.sleep(Math.ceil(at - clock.elapsed()), signal).then(
      () => {
        if (alarmAt === at) alarmAt = Number.POSITIVE_INFINITY;
        happen({ type: "time" });
      },
      () => {},
    );
  }

  async function ask(by: "evict" | "delete", pod: Pod): Promise<void> {
    const uid = uidOf(pod);
    const answer = await askToEnd(api, by, pod, options.gracePeriodSeconds, signal);
    if (answer.agreed) return happen({ type: "agreed", uid });
    // No budget holds up a deletion.
    const refusal = by === "delete" ? answer.refusal : await explain(pod, answer.refusal);
    happen({ type: "refused", uid, refusal, retryAfterMs: answer.retryAfterMs, chance: options.random() });
  }

  /** In the words of the preflight where a budget is the reason; else, or where it may not look, in the server's. */
  async function explain(pod: Pod, refusal: EvictionRefusal): Promise<EvictionRefusal> {
    if (refusal.by !== "budget" && refusal.by !== "server") return refusal;
    try {
      const namespace = pod.metadata?.namespace ?? "";
      const budgets = progress.watched.get(namespace)?.budgets ?? (await readBudgets(namespace, signal));
      const known = progress.pods.get(uidOf(pod))?.pod ?? pod;
      const why = judgeBudgets(known, budgets, progress.rules.budgetFacts).refused?.message;
      return why === undefined ? refusal : { by: "explained", why };
    } catch (error) {
      signal.throwIfAborted();
      if (!isApiError(error)) throw error;
      return refusal;
    }
  }

  async function watchBudgets(namespace: string): Promise<void> {
    const mine = new AbortController();
    watches.set(namespace, mine);
    const followed = {
      ...options,
      namespace,
      trustMs: budgetTrustMs,
      onBudgets(budgets: readonly Budget[] | undefined) {
        if (!mine.signal.aborted) happen({ type: "budgets", namespace, budgets });
      },
    };
    const refusal = await followBudgets(followed, AbortSignal.any([mine.signal, signal]));
    if (refusal === undefined || isUnwatched) return;
    isUnwatched = true;
    report.unwatched(refusal);
  }

  async function detach({ claims, until }: Extract<DrainRequest, { do: "detach" }>): Promise<void> {
    const onAttached = (volumes: readonly string[]) => happen({ type: "attached", volumes });
    await awaitDetached({ ...options, claims, until, onAttached, onGivenUp: report.stillAttached }, signal);
    happen({ type: "detached", claims });
  }

  async function judge(pod: Pod): Promise<Judged> {
    const daemonSet = daemonSetOf(pod);
    if (daemonSet !== undefined && !daemonSets.has(daemonSet)) {
      daemonSets.set(daemonSet, await daemonSetExists(api, daemonSet, signal));
    }
    const verdict = selectPod(pod, selection, (key) => daemonSets.get(key) === true, clock.wall());
    return judged(pod, verdict);
  }

  const query = { fieldSelector: `spec.nodeName=${nodeName}`, labelSelector: options.podSelector };
  endOnError(
    inform<WholePod, Pod>(
      {
        ...options,
        collection: paths.pods,
        query,
        keep: keptOfPod,
        list: {
          trustMs,
          async onPages(pages) {
            const pods: Judged[] = [];
            for await (const page of pages) for (const pod of page) pods.push(await judge(pod));
            happen({ type: "listed", pods });
          },
        },
        async onEvent(type, pod) {
          if (type === "DELETED") happen({ type: "gone", pod });
          else happen({ type: "seen", ...(await judge(pod)) });
        },
        onOpen: () => happen({ type: "watching" }),
        onBreak(error) {
          if (!isApiError(error)) return broke(error);
          // A version that is forgotten is the way of the world.
          if (error.code !== "expired") happen({ type: "troubled", code: error.code, why: error.message });
        },
        rests,
      },
      signal,
    ),
  );
  return { state: () => stateOf(progress, now()) };
}
