import { brokenTrustMs, createBelief } from "../cluster/belief.ts";
import type { Clock, Random } from "../time/clock.ts";
import { clusterSizeMax, crowdPauseMs, isCrowd, mayBeCrowd } from "./crowd.ts";
import type { LockFacts } from "./facts.ts";
import type { Waiting } from "./limits.ts";
import type { Holder } from "./lock.ts";
import { patrolOrphans } from "./orphans.ts";
import { keepVigil, type Overdue } from "./overdue.ts";
import { type Rank, rankOf, scaleMs, turnDelayMs } from "./rank.ts";
import type { LockStore } from "./store.ts";
import { initialTurn, onTurnEvent, refusedByLock, type TurnEvent, type TurnRequest } from "./turn-state.ts";

export interface Turn {
  /**
   * Waits for a slot. `seen` is the lock as a read has shown it that was begun at that moment of
   * `clock.elapsed()`; without a moment it is the answer of {@link refused}.
   */
  follow(waiting: Waiting, seen: LockFacts, askedAt: number | undefined): void;
  /** Waits for none: nothing is watched or asked any more. */
  stop(): void;
  /** True once, when a slot is free and the nodes before this one have had their chance. */
  claim(): boolean;
  /** The facts that were seen last, if they are still believed and other nodes are in the way. */
  refused(): LockFacts | undefined;
  /** The milliseconds for which the last facts are still believed; then the lock is to be read again. */
  trustedMs(): number;
}

export interface TurnOptions {
  clock: Clock;
  random: Random;
  lock: LockStore;
  /** A read of the lock is believed for so many milliseconds, while its watch is open. */
  trustMs: number;
  /** Called when it is this node's turn. */
  onDue: () => void;
  /** Called when the reason for waiting is another one than the Node reports, or is to be read again. */
  onNews: () => void;
  onOrphans: (removed: readonly Holder[]) => void;
  /**
   * A holder that has its slot for longer than this, with a Node that is not Ready, does not come back by
   * itself.
   */
  overdueMs: number;
  /** Whether there is anybody to tell of such a holder; one node of the cluster does. */
  tellsOverdue: () => boolean;
  /** Called each minute while a slot is waited for, and once with none when it is no longer. */
  onOverdue: (overdue: readonly Overdue[]) => void;
  onError: (what: string, error: unknown) => void;
}

/**
 * The Nodes' reports are spread, by so much for each node there may be: all waiting nodes have the same news
 * at one time.
 */
const newsMs = 10;

/** Watches the lock only while a slot is waited for, and calls when it is this node's turn to ask for one. */
export function createTurn(options: TurnOptions): Turn {
  const { clock, random, lock, trustMs, onDue, onNews, onError } = options;
  let state = initialTurn;
  let waiting: Waiting | undefined;
  let latest = createBelief<LockFacts>(clock, trustMs);
  /** While a slot is waited for. */
  let waitingFor: AbortController | undefined;
  let delaying: Delay | undefined;

  function accept(event: TurnEvent): void {
    const { next, requests } = onTurnEvent(state, event);
    state = next;
    for (const request of requests) perform[request]();
  }

  const perform: Record<TurnRequest, () => unknown> = {
    delay,
    "lengthen-delay": () => delaying?.lengthen(),
    "end-delay": () => delaying?.end(),
    "call-due": onDue,
    "call-news": onNews,
    "pause-report": pauseReport,
    "await-trust-end": () => acceptAfter(latest.trustedMs(), whileWaiting(), trustOver),
  };

  async function acceptAfter(ms: number, signal: AbortSignal, eventNow: () => TurnEvent): Promise<void> {
    await clock.sleep(ms, signal).catch(() => {});
    if (!signal.aborted) accept(eventNow());
  }

  const trustOver = (): TurnEvent => ({ event: "trust-over", isStale: latest.value() === undefined });
  const whileWaiting = () => waitingFor?.signal ?? AbortSignal.abort();

  async function delay(): Promise<void> {
    const rank = (size: number, now: number) => rankOf(waiting, state.lastEntrantNeededSince, size, now);
    delaying = createDelay(options, rank);
    if (await delaying.over()) accept({ event: "delay-over" });
  }

  async function pauseReport(): Promise<void> {
    const signal = whileWaiting();
    const pauseMs = random() * (await clusterSizeOf(lock, signal)) * newsMs;
    await acceptAfter(pauseMs, signal, () => ({ event: "report-pause-over" }));
  }

  const watch = createLockWatch(lock, {
    onFacts(facts) {
      const hasEntered = facts.holders.length > (latest.last() ?? facts).holders.length;
      if (latest.shown(facts, facts.version)) accept({ event: "watched", facts, hasEntered });
    },
    onBreak(error) {
      latest.trustAtMost(brokenTrustMs(random));
      accept({ event: "watch-broke" });
      onError("watching the lock", error);
    },
  });

  return {
    follow(next, seen, askedAt) {
      waiting = next;
      // Facts that the watch has shown meanwhile count, if they are newer.
      if (askedAt !== undefined) latest.read(seen, seen.version, askedAt);
      accept({ event: "followed", reported: seen.refusal, facts: latest.last() ?? seen });
      if (waitingFor === undefined) {
        waitingFor = new AbortController();
        lookAfterHolders(options, next.identity.name, () => latest.last()?.holders ?? [], waitingFor.signal);
      }
      const crowd = watch.follow(next, seen.holders.length, waitingFor.signal);
      if (crowd !== undefined) latest.trustAtMost(crowdPauseMs(crowd, random));
    },
    stop() {
      accept({ event: "stopped" });
      if (waitingFor !== undefined) options.onOverdue([]);
      waitingFor?.abort();
      waitingFor = undefined;
      watch.close();
      latest = createBelief(clock, trustMs);
    },
    claim() {
      const isDue = state.offer === "due";
      accept({ event: "claimed" });
      return isDue;
    },
    refused: () => refusedByLock(latest.value(), clock.wall()),
    trustedMs: () => (waitingFor === undefined ? Number.POSITIVE_INFINITY : latest.trustedMs()),
  };
}

interface LockWatchCalls {
  onFacts: (facts: LockFacts) => void;
  onBreak: (error: unknown) => void;
}

/** At most one watch at a time, and none by a node of a crowd, unless its reboot is urgent. */
function createLockWatch(lock: LockStore, { onFacts, onBreak }: LockWatchCalls) {
  let waiting: Waiting;
  let watching: AbortController | undefined;
  let holders = 0;
  let nodes = clusterSizeMax;
  const mayWatch = () => waiting.priority === "high" || !isCrowd(nodes, holders);

  function open(): void {
    if (watching !== undefined) return;
    watching = new AbortController();
    void lock.watch(() => waiting, onFacts, onBreak, watching.signal);
  }
  function close(): void {
    watching?.abort();
    watching = undefined;
  }
  function openUnlessCrowd(): void {
    if (mayWatch()) open();
    else close();
  }
  async function countNodes(signal: AbortSignal): Promise<void> {
    nodes = await clusterSizeOf(lock, signal);
    if (!signal.aborted) openUnlessCrowd();
  }

  return {
    close,
    /** The number of nodes where they are a crowd, or may be: the lock is to be read again soon. */
    follow(next: Waiting, seen: number, signal: AbortSignal): number | undefined {
      waiting = next;
      holders = seen;
      openUnlessCrowd();
      if (mayBeCrowd(holders)) void countNodes(signal);
      return mayWatch() ? undefined : nodes;
    },
  };
}

interface Delay {
  /** Resolves at its end, with whether it was not cut short. */
  over(): Promise<boolean>;
  /** Another node has entered, and its entry is seen by all. */
  lengthen(): void;
  end(): void;
}

/** No stream of entries keeps a node from its turn for longer than this. */
const lengthenedMaxMs = 10_000;

/** The delay in which other nodes go first, once the number of nodes is known. */
function createDelay(
  { clock, random, lock }: TurnOptions,
  rankAt: (clusterSize: number, now: number) => Rank,
): Delay {
  const ended = new AbortController();
  const { signal } = ended;
  const [startedAt, now] = [clock.elapsed(), clock.wall()];
  let lengthenedMs = 0;
  return {
    async over() {
      const clusterSize = await clusterSizeOf(lock, signal);
      const delayMs = turnDelayMs(rankAt(clusterSize, now), random);
      const leftMs = () => Math.ceil(startedAt + delayMs + lengthenedMs - clock.elapsed());
      while (leftMs() > 0 && !signal.aborted) await clock.sleep(leftMs(), signal).catch(() => {});
      return !signal.aborted;
    },
    lengthen() {
      lengthenedMs = Math.min(lengthenedMs + scaleMs, lengthenedMaxMs);
    },
    end: () => ended.abort(),
  };
}

function clusterSizeOf(lock: LockStore, signal: AbortSignal): Promise<number> {
  return lock.clusterSize(signal).catch(() => clusterSizeMax);
}

/** Removes orphans and reports holders that are late, until the signal ends it. */
function lookAfterHolders(
  options: TurnOptions,
  ownName: string,
  holders: () => readonly Holder[],
  signal: AbortSignal,
): void {
  const { lock, onOrphans, onError } = options;
  const patrol = {
    ...options,
    holders,
    remove: async (suspects: readonly Holder[]) => {
      const removed = await lock.removeOrphans(ownName, suspects, signal);
      if (removed.length > 0) onOrphans(removed);
    },
    onError: (error: unknown) => onError("removing orphaned entries of the lock", error),
  };
  void patrolOrphans(patrol, signal);
  const vigil = {
    ...options,
    holders,
    look: lock.lookAtHolder,
    mark: async (holder: Holder, inner: AbortSignal) =>
      options.tellsOverdue() && (await lock.markOverdue(ownName, holder, inner)),
    onError: (error: unknown) => onError("reading the Node of a holder that is late", error),
  };
  void keepVigil(vigil, ownName, signal);
}
