import type { Clock, Random } from "../clock.ts";
import type { Refusal } from "./limits.ts";
import { parsePriority, turnDelayMs } from "./rank.ts";
import type { Holder } from "./slots.ts";
import type { LockFacts, LockStore, Member } from "./store.ts";

/** A waiting node, with what decides on its place among the others. */
export interface Waiter extends Member {
  /** The value of the priority annotation. */
  priority?: string | undefined;
}

export interface Turn {
  /** Waits for a slot, beginning with the lock as it was just seen. */
  follow(waiter: Waiter, seen: LockFacts): void;
  /** Waits for none: nothing is watched or asked any more. */
  stop(): void;
  /** True once, when a slot is free and those before this node have had their chance. */
  claim(): boolean;
  /** What the watch has shown last, where that is that others are in the way, until it shows that they are gone. */
  refused(): LockFacts | undefined;
}

export interface TurnOptions {
  clock: Clock;
  random: Random;
  lock: LockStore;
  /** Called when it is this node's turn. */
  onDue: () => void;
  /** Called when the lock shows that a person has stopped or is needed, or that this is over: the Node is to say so. */
  onNews: () => void;
  onOrphans: (removed: readonly Holder[]) => void;
  onError: (what: string, error: unknown) => void;
}

/** Of a cluster whose size is not known. */
const clusterSizeMax = 5000;
/** A holder whose Node is gone never hands its slot on: all are looked after within minutes, then one at a time. */
const firstPatrolMs = { least: 30_000, most: 5 * 60_000 };
const patrolMs = { least: 30 * 60_000, most: 40 * 60_000 };

/** Each waiting node has something to say then: the writes are spread, by so much for each node there may be. */
const newsMs = 10;
const newsCodes: ReadonlySet<Refusal["code"] | undefined> = new Set([
  "paused",
  "lock-manual",
  "lock-unreadable",
  "halted",
  "failures-unreadable",
]);

/** Watches the lock only while a slot is waited for, and says when it is this node's turn to ask for one. */
export function createTurn({ clock, random, lock, onDue, onNews, onOrphans, onError }: TurnOptions): Turn {
  let waiter: Waiter | undefined;
  let watching: AbortController | undefined;
  let latest: LockFacts | undefined;
  /** Why this node was refused last. */
  let refusedFor: Refusal["code"] | undefined;
  /** Since when the reboot of the node that was seen to enter last had been needed; it has left meanwhile. */
  let yardstick: string | undefined;
  let offer: AbortController | undefined;
  let isDue = false;

  function see(facts: LockFacts): void {
    latest = facts;
    refusedFor = facts.refusal?.code ?? refusedFor;
    yardstick = lastEntered(facts.holders)?.neededSince ?? yardstick;
    if (facts.refusal !== undefined) withdraw();
    else if (offer === undefined && !isDue) void makeOffer();
  }

  /** Shows what the watch has seen, and calls where that is for people. */
  function seeWatched(facts: LockFacts, signal: AbortSignal): void {
    const before = refusedFor;
    see(facts);
    const isNews = newsCodes.has(before) || newsCodes.has(refusedFor);
    if (before !== refusedFor && isNews) void callLater(signal);
  }

  async function callLater(signal: AbortSignal): Promise<void> {
    const clusterSize = await lock.clusterSize(signal).catch(() => clusterSizeMax);
    await clock.sleep(random() * clusterSize * newsMs, signal).catch(() => {});
    if (!signal.aborted) onNews();
  }

  function withdraw(): void {
    offer?.abort();
    offer = undefined;
    isDue = false;
  }

  /** A slot is free: lets others go first, as many as its rank asks for. Taken meanwhile, the offer ends. */
  async function makeOffer(): Promise<void> {
    const mine = new AbortController();
    offer = mine;
    const startedAt = clock.elapsed();
    const now = clock.wall();
    const clusterSize = await lock.clusterSize(mine.signal).catch(() => clusterSizeMax);
    const waitedMs = (since: string | undefined) => Math.max(0, now - Date.parse(since ?? ""));
    const delayMs = turnDelayMs(
      {
        priority: parsePriority(waiter?.priority) ?? "normal",
        waitedMs: waitedMs(waiter?.neededSince) || 0,
        yardstickMs: waitedMs(yardstick) || undefined,
        clusterSize,
      },
      random,
    );
    await clock.sleep(startedAt + delayMs - clock.elapsed(), mine.signal).catch(() => {});
    if (mine.signal.aborted) return;
    offer = undefined;
    isDue = true;
    onDue();
  }

  async function patrol(signal: AbortSignal): Promise<void> {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const { least, most } = isFirst ? firstPatrolMs : patrolMs;
      try {
        await clock.sleep(least + random() * (most - least), signal);
        const holders = latest?.holders ?? [];
        const suspects = isFirst ? holders : holders.slice(Math.floor(random() * holders.length)).slice(0, 1);
        const removed = await lock.removeOrphans({ nodeID: waiter?.nodeID ?? "" }, suspects, signal);
        if (removed.length > 0) onOrphans(removed);
      } catch (error) {
        if (!signal.aborted) onError("looking after the holders of the lock", error);
      }
    }
  }

  return {
    follow(next, seen) {
      waiter = next;
      see(seen);
      if (watching !== undefined) return;
      watching = new AbortController();
      const { signal } = watching;
      void patrol(signal);
      void lock.watch(
        () => waiter ?? next,
        (facts) => seeWatched(facts, signal),
        (error) => onError("watching the lock", error),
        signal,
      );
    },
    stop() {
      withdraw();
      watching?.abort();
      watching = undefined;
      latest = undefined;
      refusedFor = undefined;
    },
    claim() {
      const claimed = isDue;
      isDue = false;
      return claimed;
    },
    refused() {
      if (latest?.refusal === undefined || latest.held || latest.remains) return undefined;
      // Of other Nodes the watch shows nothing.
      return latest.refusal.toldByNodes ? undefined : latest;
    },
  };
}

function lastEntered(holders: readonly Holder[]): Holder | undefined {
  const entered = holders.filter(({ created }) => created !== undefined);
  return entered.sort((a, b) => Date.parse(b.created ?? "") - Date.parse(a.created ?? ""))[0];
}
