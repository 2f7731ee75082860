import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, isApiError } from "../cluster/api.ts";
import { daemonSetExists } from "../cluster/daemon-sets.ts";
import { type List, type Pod, paths } from "../cluster/objects.ts";
import type { DrainState } from "../cycle/seen.ts";
import { quietMs } from "./estimate.ts";
import { type EvictionRefusal, type Evictor, evictPod, type Limit } from "./evict.ts";
import {
  daemonSetOf,
  type PodReason,
  podKey,
  reasonsText,
  type Selection,
  selectPod,
  tierOf,
  type Verdict,
} from "./select.ts";
import { whyStillThere } from "./stuck.ts";
import { awaitDetached, claimsOf } from "./volumes.ts";

export interface DrainOptions {
  api: Api;
  clock: Clock;
  random: Random;
  nodeName: string;
  selection: Selection;
  podSelector: string | undefined;
  gracePeriodSeconds: number;
  /** From then on pods are deleted, past all budgets; milliseconds since the epoch. */
  deleteAt: number;
  /** The reboot follows whatever happens, so a pod that may not be evicted does not fail the drain: it goes down with the machine. */
  rebootAnyway: boolean;
  /** How long it waits for volumes to be detached; 0 does not look at them. */
  volumeTimeoutMs: number;
  /** How many requests are under way at a time, at most. */
  parallelism: number;
  /** When the caller gives the drain up; milliseconds since the epoch. For what is said of the pods that are left. */
  deadline: number;
  /** The state is another one: volumes are waited for, the node is empty, or the drain cannot go on. */
  onChange: () => void;
  report: DrainReport;
}

/** Told of what may be of interest to the owner of a pod, or to the node's. */
export interface DrainReport {
  asked(pod: Pod, reasons: readonly PodReason[]): void;
  refused(pod: Pod, why: string): void;
  /** It goes down with the machine. */
  left(pod: Pod, reasons: readonly PodReason[]): void;
  /** Volumes may be attached when the node goes on. */
  stillAttached(why: string): void;
}

export interface Drain {
  state(): DrainState;
}

const retry = { firstMs: 500, maxMs: 30_000 };
/** How many of the pods that are left are told of. */
const toldMax = 10;

/**
 * Empties the node: one list of its pods, then one watch, and an eviction for each pod that has to go, also for those
 * that the watch shows later; ordinary pods first. Goes on until no such pod is left and none has come for a while, or
 * the signal ends it; deadlines are the caller's.
 */
export function startDrain(options: DrainOptions, outer: AbortSignal): Drain {
  const { api, clock, random, nodeName, selection, report } = options;
  let ended: Extract<DrainState, { state: "done" | "failed" }> | undefined;
  let isListed = false;
  let newestAt = clock.now();
  /** Pods that have to go and are still there, by UID; a map for each tier. */
  const tiers = [0, 1, 2].map(() => new Map<string, Pod>());
  const refused = new Map<string, EvictionRefusal>();
  const asked = new Set<string>();
  const daemonSets = new Map<string, boolean>();
  const verdicts = new Map<string, Verdict>();
  /** What the pods use, "namespace/name", and whether those that go are its only users here. */
  const claims = new Map<string, boolean>();
  let attached: readonly string[] = [];
  let isEnding = false;
  const over = new AbortController();
  const { signal } = over;
  const passOn = () => over.abort(outer.reason);
  outer.addEventListener("abort", passOn, { once: true });

  const known = (pod: Pod) => tiers[tierOf(pod)]?.get(uidOf(pod));
  const leftCount = () => tiers.reduce((sum, tier) => sum + tier.size, 0);
  const currentTier = () => tiers.find((tier) => tier.size > 0);

  const evictor: Evictor = {
    ...options,
    limit: limiter(options.parallelism),
    isWanted: (pod) => {
      const now = known(pod);
      return now !== undefined && now.metadata?.deletionTimestamp === undefined;
    },
    onRefused: (pod, refusal) => {
      refused.set(uidOf(pod), refusal);
      report.refused(pod, refusal.why);
    },
  };

  function end(how: NonNullable<typeof ended>): void {
    if (ended !== undefined || outer.aborted) return;
    ended = how;
    outer.removeEventListener("abort", passOn);
    over.abort(new Error("the drain is over"));
    options.onChange();
  }

  const fail = (why: string) => end({ state: "failed", why });
  const broken = (error: unknown) => {
    if (!signal.aborted) fail(`the drain broke: ${(error as Error).message}`);
  };

  function ask(pod: Pod): void {
    const uid = uidOf(pod);
    if (asked.has(uid) || pod.metadata?.deletionTimestamp !== undefined) return;
    asked.add(uid);
    report.asked(pod, verdicts.get(uid)?.reasons ?? []);
    evictPod(pod, evictor, signal)
      .then(() => refused.delete(uid))
      .catch(broken);
  }

  /** Those that have to go before the others. */
  function askCurrentTier(): void {
    for (const pod of currentTier()?.values() ?? []) ask(pod);
  }

  async function judge(pod: Pod): Promise<Verdict> {
    const daemonSet = daemonSetOf(pod);
    if (daemonSet !== undefined && !daemonSets.has(daemonSet)) {
      daemonSets.set(daemonSet, await daemonSetExists(api, daemonSet, signal));
    }
    const judged = selectPod(pod, selection, (key) => daemonSets.get(key) === true, clock.now());
    const isLeft = judged.do === "refuse" && options.rebootAnyway;
    if (isLeft && !verdicts.has(uidOf(pod))) report.left(pod, judged.reasons);
    const verdict: Verdict = isLeft ? { ...judged, do: "leave" } : judged;
    verdicts.set(uidOf(pod), verdict);
    for (const claim of claimsOf(pod)) {
      claims.set(claim, verdict.do === "evict" && claims.get(claim) !== false);
    }
    return verdict;
  }

  function keep(whole: Pod): void {
    const pod = essenceOf(whole);
    const before = known(pod);
    if (before === undefined) newestAt = clock.now();
    if (before?.metadata?.deletionTimestamp !== pod.metadata?.deletionTimestamp) waitNoLonger(pod);
    const tier = tiers[tierOf(pod)];
    tier?.set(uidOf(pod), pod);
    if (isListed && tier === currentTier()) ask(pod);
  }

  function drop(pod: Pod): void {
    const tier = tiers[tierOf(pod)];
    const uid = uidOf(pod);
    for (const known of [refused, verdicts, asked]) known.delete(uid);
    if (!tier?.delete(uid) || tier.size > 0) return;
    askCurrentTier();
    endWhenEmpty().catch(broken);
  }

  /** Looks again when a pod that is asked to end has had the time that it may take. */
  function waitNoLonger(pod: Pod): void {
    const { skipWaitForDeleteMs } = selection;
    const since = pod.metadata?.deletionTimestamp;
    if (skipWaitForDeleteMs === 0 || since === undefined) return;
    const waitMs = Date.parse(since) + skipWaitForDeleteMs + 1 - clock.now();
    clock.sleep(Math.max(0, waitMs), signal).then(
      () => drop(pod),
      () => {},
    );
  }

  /** One at a time; whatever comes while it waits is seen when it looks again. */
  async function endWhenEmpty(): Promise<void> {
    if (isEnding || !isListed) return;
    isEnding = true;
    while (leftCount() === 0) {
      const quietInMs = newestAt + quietMs - clock.now();
      const gone = [...claims].filter(([, isFree]) => isFree).map(([claim]) => claim);
      if (quietInMs > 0) await clock.sleep(quietInMs, signal);
      else if (gone.length > 0 && options.volumeTimeoutMs > 0) await detach(gone);
      else return end({ state: "done", at: clock.now() });
    }
    isEnding = false;
  }

  async function detach(gone: readonly string[]): Promise<void> {
    const onAttached = (volumes: readonly string[]) => {
      const isNews = attached.length === 0;
      attached = volumes;
      if (isNews) options.onChange();
    };
    const until = clock.now() + options.volumeTimeoutMs;
    const detaching = { ...options, claims: gone, until, onAttached, onGivenUp: report.stillAttached };
    await awaitDetached(detaching, signal);
    attached = [];
    for (const claim of gone) claims.delete(claim);
  }

  async function see(pod: Pod): Promise<void> {
    const verdict = await judge(pod);
    if (verdict.do === "evict") keep(pod);
    else if (verdict.do === "leave") drop(pod);
    else fail(`the node cannot be drained: ${sentence(pod, verdict)}`);
  }

  const query = { fieldSelector: `spec.nodeName=${nodeName}`, labelSelector: options.podSelector };

  /** All verdicts come before the first eviction, so that a drain that is refused takes no pod. */
  async function list(): Promise<string | undefined> {
    const { items, metadata } = await api.get<List<Pod>>(paths.pods, { signal, query });
    const listed = new Set(items.map(uidOf));
    const refusals: string[] = [];
    for (const pod of items) {
      const verdict = await judge(pod);
      if (verdict.do === "refuse") refusals.push(sentence(pod, verdict));
    }
    if (refusals.length > 0) {
      const more = refusals.length > toldMax ? `; and ${refusals.length - toldMax} more` : "";
      fail(`the node cannot be drained: ${refusals.slice(0, toldMax).join("; ")}${more}`);
      return undefined;
    }
    for (const tier of tiers) for (const [uid, pod] of tier) if (!listed.has(uid)) drop(pod);
    for (const pod of items) if (verdicts.get(uidOf(pod))?.do === "evict") keep(pod);
    isListed = true;
    askCurrentTier();
    endWhenEmpty().catch(broken);
    return metadata?.resourceVersion;
  }

  /** Goes on from the last version seen; where that is forgotten, or an event was not dealt with, it lists anew. */
  async function follow(): Promise<void> {
    let resourceVersion: string | undefined;
    for (let failures = 0; !signal.aborted; ) {
      try {
        resourceVersion ??= await list();
        const watch = api.watch<Pod>(paths.pods, { signal, query: { ...query, resourceVersion } });
        for await (const { type, object } of watch) {
          const version = object.metadata?.resourceVersion;
          resourceVersion = undefined;
          if (type === "DELETED") drop(object);
          else if (type !== "BOOKMARK") await see(object);
          resourceVersion = version;
          failures = 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isApiError(error)) return broken(error);
        if (isApiError(error, "expired")) resourceVersion = undefined;
      }
      failures += 1;
      await clock.sleep(backoffMs(failures, retry, random), signal).catch(() => {});
    }
  }

  void follow();
  return {
    state() {
      if (ended !== undefined) return ended;
      const left = tiers.flatMap((tier) => [...tier.values()]);
      if (left.length === 0 && attached.length > 0) return { state: "detaching", volumes: attached };
      const blocked = left.slice(0, toldMax).map((pod) => {
        const uid = uidOf(pod);
        const facts = {
          asked: asked.has(uid),
          refused: refused.get(uid),
          now: clock.now(),
          deadline: options.deadline,
        };
        return `${podKey(pod)}: ${whyStillThere(pod, facts)}`;
      });
      return { state: "running", podsLeft: left.length, blocked };
    },
  };
}

function sentence(pod: Pod, { reasons }: Verdict): string {
  return `${podKey(pod)} ${reasonsText(reasons)}`;
}

/** What is still asked of a pod once it is known that it has to go; a node may have hundreds. */
function essenceOf({ metadata = {}, spec }: Pod): Pod {
  const { name, namespace, uid, deletionTimestamp, finalizers } = metadata;
  const kept = { name, namespace, uid, deletionTimestamp, finalizers };
  return { metadata: kept, spec: { priorityClassName: spec?.priorityClassName } } as Pod;
}

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
