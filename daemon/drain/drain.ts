import type { Clock, Random } from "../clock.ts";
import { type Api, isApiError } from "../cluster/api.ts";
import { createBudgetReader } from "../cluster/budgets.ts";
import { followCollection } from "../cluster/collection.ts";
import { daemonSetExists } from "../cluster/daemon-sets.ts";
import { type Pod, paths } from "../cluster/objects.ts";
import { judgeBudgets } from "./budgets.ts";
import { quietMs } from "./estimate.ts";
import { type EvictionRefusal, type Evictor, evictPod } from "./evict.ts";
import { createLimit } from "./limit.ts";
import { createLine } from "./line.ts";
import { createRoster, type Entry, essenceOf, uidOf } from "./roster.ts";
import {
  daemonSetOf,
  type PodReason,
  podKey,
  reasonsText,
  type Selection,
  selectPod,
  type Verdict,
} from "./select.ts";
import type { DrainState } from "./state.ts";
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
  /** From then on pods are deleted, past all budgets; in milliseconds of `clock.elapsed()`. */
  deleteAt: number;
  /** How long it waits for volumes to be detached; 0 does not look at them. */
  volumeTimeoutMs: number;
  /** How many requests are under way at a time, at most. */
  parallelism: number;
  /** When the caller gives the drain up, in milliseconds of `clock.elapsed()`. For what is said of the pods that are left. */
  deadline: number;
  /** The state is another one: volumes are waited for, the node is empty, or the drain cannot go on. */
  onChange: () => void;
  report: DrainReport;
}

/** Told of what may be of interest to the owner of a pod, or to the node's. */
export interface DrainReport {
  asked(pod: Pod, reasons: readonly PodReason[]): void;
  refused(pod: Pod, why: string): void;
  /** It should go, and goes down with the machine. */
  left(pod: Pod, reasons: readonly PodReason[]): void;
  /** Volumes may be attached when the node goes on. */
  stillAttached(why: string): void;
}

export interface Drain {
  state(): DrainState;
}

/** How many of the pods that are left are told of. */
const toldMax = 10;

/**
 * Empties the node: one list of its pods, then one watch, and an eviction for each pod that has to go, also for those
 * that the watch shows later; ordinary pods first. It is done when no such pod is left and none has come for a while, and
 * goes on for those that come even then, until the signal ends it; deadlines are the caller's.
 */
export function startDrain(options: DrainOptions, outer: AbortSignal): Drain {
  const { api, clock, nodeName, selection, report } = options;
  let failed: Extract<DrainState, { state: "failed" }> | undefined;
  /** Since when nothing is left to wait for. */
  let emptyAt: number | undefined;
  let isListed = false;
  let newestAt = clock.elapsed();
  const roster = createRoster();
  /** UIDs of pods that go down with the machine. */
  const left = new Set<string>();
  const daemonSets = new Map<string, boolean>();
  /** What the pods use, "namespace/name", and whether those that go are its only users here. */
  const claims = new Map<string, boolean>();
  let attached: readonly string[] = [];
  let isEnding = false;
  const over = new AbortController();
  const { signal } = over;
  const passOn = () => over.abort(outer.reason);
  outer.addEventListener("abort", passOn, { once: true });

  const evictor: Evictor = {
    ...options,
    limit: createLimit(options.parallelism),
    line: createLine(options),
    isWanted(pod) {
      const entry = roster.get(pod);
      return entry !== undefined && entry.pod.metadata?.deletionTimestamp === undefined;
    },
    async onRefused(pod, refusal) {
      const explained = await explain(pod, refusal);
      const entry = roster.get(pod);
      if (entry !== undefined) entry.refused = explained;
      report.refused(pod, explained.why);
      return explained;
    },
  };
  const readBudgets = createBudgetReader(api, clock);

  function fail(why: string): void {
    if (failed !== undefined || outer.aborted) return;
    failed = { state: "failed", why };
    outer.removeEventListener("abort", passOn);
    over.abort(new Error("the drain is over"));
    options.onChange();
  }

  const broken = (error: unknown) => {
    if (!signal.aborted) fail(`the drain broke: ${(error as Error).message}`);
  };

  function ask(entry: Entry): void {
    const { pod } = entry;
    if (entry.isAsked || pod.metadata?.deletionTimestamp !== undefined) return;
    entry.isAsked = true;
    report.asked(pod, entry.reasons);
    evictPod(pod, evictor, signal).then(() => {
      entry.refused = undefined;
    }, broken);
  }

  /** In the words of the preflight where a budget is the reason; else, or where it may not look, in the server's. */
  async function explain(pod: Pod, refusal: EvictionRefusal): Promise<EvictionRefusal> {
    if (refusal.by === "rule") return refusal;
    try {
      const budgets = await readBudgets(pod.metadata?.namespace ?? "", signal);
      const why = judgeBudgets(roster.get(pod)?.pod ?? pod, budgets).refused?.message;
      return why === undefined ? refusal : { by: "explained", why };
    } catch (error) {
      if (!isApiError(error)) throw error;
      return refusal;
    }
  }

  async function judge(pod: Pod): Promise<Verdict> {
    const daemonSet = daemonSetOf(pod);
    if (daemonSet !== undefined && !daemonSets.has(daemonSet)) {
      daemonSets.set(daemonSet, await daemonSetExists(api, daemonSet, signal));
    }
    const verdict = selectPod(pod, selection, (key) => daemonSets.get(key) === true, clock.wall());
    if (verdict.reasons.includes("goes-down") && !left.has(uidOf(pod))) {
      left.add(uidOf(pod));
      report.left(pod, verdict.reasons);
    }
    for (const claim of claimsOf(pod)) {
      claims.set(claim, verdict.do === "evict" && claims.get(claim) !== false);
    }
    return verdict;
  }

  function keep(pod: Pod, { reasons }: Verdict): void {
    const { entry, before } = roster.set(pod, reasons);
    if (before === undefined) newestAt = clock.elapsed();
    if (emptyAt !== undefined) {
      emptyAt = undefined;
      options.onChange();
    }
    if (before?.metadata?.deletionTimestamp !== pod.metadata?.deletionTimestamp) waitNoLonger(pod);
    if (isListed && roster.isCurrent(pod)) ask(entry);
  }

  function drop(pod: Pod): void {
    const isTierDone = roster.delete(pod);
    if (!isTierDone) return;
    for (const entry of roster.current()) ask(entry);
    endWhenEmpty().catch(broken);
  }

  /** Looks again when a pod that is asked to end has had the time that it may take. */
  function waitNoLonger(pod: Pod): void {
    const { skipWaitForDeleteMs } = selection;
    const since = pod.metadata?.deletionTimestamp;
    if (skipWaitForDeleteMs === 0 || since === undefined) return;
    const waitMs = Date.parse(since) + skipWaitForDeleteMs + 1 - clock.wall();
    clock.sleep(Math.max(0, waitMs), signal).then(
      () => drop(pod),
      () => {},
    );
  }

  /** One at a time; whatever comes while it waits is seen when it looks again. */
  async function endWhenEmpty(): Promise<void> {
    if (isEnding || !isListed || emptyAt !== undefined) return;
    isEnding = true;
    while (roster.size() === 0) {
      const quietInMs = newestAt + quietMs - clock.elapsed();
      const gone = [...claims].filter(([, isFree]) => isFree).map(([claim]) => claim);
      if (quietInMs > 0) await clock.sleep(quietInMs, signal);
      else if (gone.length > 0 && options.volumeTimeoutMs > 0) await detach(gone);
      else {
        emptyAt = clock.elapsed();
        options.onChange();
        break;
      }
    }
    isEnding = false;
  }

  async function detach(gone: readonly string[]): Promise<void> {
    const onAttached = (volumes: readonly string[]) => {
      const isNews = attached.length === 0;
      attached = volumes;
      if (isNews) options.onChange();
    };
    const until = clock.elapsed() + options.volumeTimeoutMs;
    const detaching = { ...options, claims: gone, until, onAttached, onGivenUp: report.stillAttached };
    await awaitDetached(detaching, signal);
    attached = [];
    for (const claim of gone) claims.delete(claim);
  }

  /** All verdicts come before the first eviction, so that a drain that is refused takes no pod. */
  async function onPages(pages: AsyncIterable<readonly Pod[]>): Promise<void> {
    const judged: [Pod, Verdict][] = [];
    for await (const pods of pages) {
      for (const pod of pods) judged.push([essenceOf(pod), await judge(pod)]);
    }
    const refusals = judged.filter(([, verdict]) => verdict.do === "refuse");
    if (refusals.length > 0) return refuse(refusals);
    const listed = new Set(judged.map(([pod]) => uidOf(pod)));
    for (const { pod } of roster.all()) if (!listed.has(uidOf(pod))) drop(pod);
    for (const [pod, verdict] of judged) if (verdict.do === "evict") keep(pod, verdict);
    isListed = true;
    for (const entry of roster.current()) ask(entry);
    endWhenEmpty().catch(broken);
  }

  async function onEvent(type: "ADDED" | "MODIFIED" | "DELETED", pod: Pod): Promise<void> {
    if (type === "DELETED") return drop(pod);
    const verdict = await judge(pod);
    if (verdict.do === "evict") keep(pod, verdict);
    else if (verdict.do === "leave") drop(pod);
    else refuse([[pod, verdict]]);
  }

  function refuse(refusals: [Pod, Verdict][]): void {
    const told = refusals
      .slice(0, toldMax)
      .map(([pod, { reasons }]) => `${podKey(pod)} ${reasonsText(reasons)}`);
    const more = refusals.length > toldMax ? `; and ${refusals.length - toldMax} more` : "";
    fail(`the node cannot be drained: ${told.join("; ")}${more}`);
  }

  function whyLeft({ pod, isAsked, refused }: Entry): string {
    const facts = { isAsked, refused, now: clock.wall(), leftMs: options.deadline - clock.elapsed() };
    return `${podKey(pod)}: ${whyStillThere(pod, facts)}`;
  }

  const query = { fieldSelector: `spec.nodeName=${nodeName}`, labelSelector: options.podSelector };
  followCollection<Pod>({ ...options, collection: paths.pods, query, onPages, onEvent }, signal).catch(
    broken,
  );
  return {
    state() {
      if (failed !== undefined) return failed;
      if (emptyAt !== undefined) return { state: "done", at: emptyAt };
      const pods = roster.all();
      if (pods.length === 0 && attached.length > 0) return { state: "detaching", volumes: attached };
      return { state: "running", podsLeft: pods.length, blocked: pods.slice(0, toldMax).map(whyLeft) };
    },
  };
}
