import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, isApiError, unlessNotFound } from "../cluster/api.ts";
import { type DaemonSet, type List, type Pod, paths } from "../cluster/objects.ts";
import type { DrainState } from "../cycle/seen.ts";
import { type Evictor, evictPod, type Limit } from "./evict.ts";
import { daemonSetOf, podKey, selectPod } from "./select.ts";

export interface DrainOptions {
  api: Api;
  clock: Clock;
  random: Random;
  nodeName: string;
  gracePeriodSeconds: number;
  podSelector: string | undefined;
  /** Called when the node is empty, or when the drain cannot go on. */
  onEnd: () => void;
  onEvict: (pod: Pod) => void;
  onBlocked: (pod: Pod, why: string) => void;
}

export interface Drain {
  state(): DrainState;
}

/** How many eviction requests are under way at a time. */
const parallel = 50;
const retry = { firstMs: 500, maxMs: 30_000 };

/**
 * Empties the node: one list of its pods, then one watch, and an eviction for each pod that has to go, also for those
 * that the watch shows later. Goes on until no such pod is left or the signal ends it; deadlines are the caller's.
 */
export function startDrain(options: DrainOptions, signal: AbortSignal): Drain {
  const { api, clock, random, nodeName, podSelector, onEnd } = options;
  let state: DrainState = { state: "running", podsLeft: 0, blocked: [] };
  /** Pods that have to go, by UID. */
  const left = new Map<string, Pod>();
  const blocked = new Map<string, string>();
  const asked = new Set<string>();
  const daemonSets = new Map<string, boolean>();

  const evictor: Evictor = {
    ...options,
    limit: limiter(parallel),
    isLeft: (pod) => left.has(uidOf(pod)),
    onBlocked: (pod, why) => {
      blocked.set(uidOf(pod), why);
      options.onBlocked(pod, why);
      report();
    },
  };

  function report(): void {
    if (state.state !== "running") return;
    state = { state: "running", podsLeft: left.size, blocked: [...blocked.values()].slice(0, 10) };
  }

  function evict(pod: Pod): void {
    const uid = uidOf(pod);
    if (asked.has(uid) || pod.metadata?.deletionTimestamp !== undefined) return;
    asked.add(uid);
    options.onEvict(pod);
    evictPod(pod, evictor, signal)
      .then(() => blocked.delete(uid))
      .catch((error: unknown) => {
        if (!signal.aborted) fail(error);
      });
  }

  function fail(error: unknown): void {
    state = { state: "failed", why: `the drain broke: ${(error as Error).message}` };
    onEnd();
  }

  async function mustGo(pod: Pod): Promise<boolean> {
    const daemonSet = daemonSetOf(pod);
    if (daemonSet !== undefined && !daemonSets.has(daemonSet)) {
      const [namespace = "", name = ""] = daemonSet.split("/");
      const found = await unlessNotFound(
        api.get<DaemonSet>(`${paths.daemonSets(namespace)}/${name}`, { signal }),
      );
      daemonSets.set(daemonSet, found !== undefined);
    }
    return selectPod(pod, (key) => daemonSets.get(key) === true).evict;
  }

  async function take(pod: Pod): Promise<void> {
    if (!(await mustGo(pod))) return;
    left.set(uidOf(pod), pod);
    evict(pod);
  }

  function drop(pod: Pod): void {
    left.delete(uidOf(pod));
    blocked.delete(uidOf(pod));
  }

  const query = { fieldSelector: `spec.nodeName=${nodeName}`, labelSelector: podSelector };

  /** Resolves when the node is empty. */
  async function pass(): Promise<void> {
    const list = await api.get<List<Pod>>(paths.pods, { signal, query });
    const listed = new Set(list.items.map(uidOf));
    for (const [uid, pod] of left) if (!listed.has(uid)) drop(pod);
    for (const pod of list.items) await take(pod);
    report();
    if (left.size === 0) return;
    const resourceVersion = list.metadata?.resourceVersion;
    for await (const { type, object } of api.watch<Pod>(paths.pods, {
      signal,
      query: { ...query, resourceVersion },
    })) {
      if (type === "BOOKMARK") continue;
      if (type === "DELETED") drop(object);
      else await take(object);
      report();
      if (left.size === 0) return;
    }
    throw new WatchEnded();
  }

  async function run(): Promise<void> {
    for (let failures = 0; ; ) {
      try {
        await pass();
        state = { state: "done", at: clock.now() };
        return onEnd();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof WatchEnded) && !isApiError(error)) return fail(error);
        failures += 1;
        await clock.sleep(backoffMs(failures, retry, random), signal).catch(() => {});
      }
    }
  }

  void run();
  return { state: () => state };
}

/** The server ends each watch after some minutes; then the list is read anew. */
class WatchEnded extends Error {}

function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? podKey(pod);
}

/** Runs at most `size` of the given works at a time, in the order given. */
function limiter(size: number): Limit {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (running < size) running += 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await work();
    } finally {
      // The place goes to the next in the queue, so nobody can slip in between.
      const next = queue.shift();
      if (next !== undefined) next();
      else running -= 1;
    }
  };
}
