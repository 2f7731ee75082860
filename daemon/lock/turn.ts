import { brokenTrustMs, createBelief } from "../cluster/belief.ts";
import type { Clock, Random } from "../time/clock.ts";
import type { Holder } from "./lock.ts";
import { orphanLooksMax } from "./orphans.ts";
import { keepVigil, type Overdue } from "./overdue.ts";
import { parsePriority, turnDelayMs } from "./rank.ts";
import { isByPeople, type Refusal } from "./refusal.ts";
import type { LockFacts, LockStore, Member } from "./store.ts";

/** A waiting node, with what decides on its place among the others. */
export interface Waiter extends Member {
  /** The value of the priority annotation. */
  priority?: string | undefined;
  /** RFC 3339: when its last cycle has left the lock. */
  leftAt?: string | undefined;
}

export interface Turn {
  /**
   * Waits for a slot, beginning with the lock as a read has shown it that was begun at that moment of `clock.elapsed()`;
   * without a moment it is what {@link refused} has told.
   */
  follow(waiter: Waiter, seen: LockFacts, askedAt: number | undefined): void;
  /** Waits for none: nothing is watched or asked any more. */
  stop(): void;
  /** True once, when a slot is free and those before this node have had their chance. */
  claim(): boolean;
  /** What was seen last and is still to be believed, where that is that others are in the way. */
  refused(): LockFacts | undefined;
  /** For how many milliseconds what was seen is to be believed; then it is to be read anew. */
  trustedMs(): number;
}

export interface TurnOptions {
  clock: Clock;
  random: Random;
  lock: LockStore;
  /** So long a read of the lock is believed, while its watch is open. */
  trustMs: number;
  /** Called when it is this node's turn. */
  onDue: () => void;
  /** Called when what is in the way is something else than the Node says, or is to be read anew. */
  onNews: () => void;
  onOrphans: (removed: readonly Holder[]) => void;
  /** A holder that has its slot for longer than this, with a Node that is not Ready, does not come back by itself. */
  overdueMs: number;
  /** Told each minute while a slot is waited for, and once with none when it is no longer. */
  onOverdue: (overdue: readonly Overdue[]) => void;
  onError: (what: string, error: unknown) => void;
}

/** Of a cluster whose size is not known. */
const clusterSizeMax = 5000;
/** A holder whose Node is gone never hands its slot on: a few are looked after within minutes, then one at a time. */
const firstPatrolMs = { least: 30_000, most: 5 * 60_000 };
const patrolMs = { least: 30 * 60_000, most: 40 * 60_000 };

/** Each waiting node has something to say then: the writes are spread, by so much for each node there may be. */
const newsMs = 10;

/** Watches the lock only while a slot is waited for, and says when it is this node's turn to ask for one. */
export function createTurn(options: TurnOptions): Turn {
  const { clock, random, lock, trustMs, onDue, onNews, onOrphans, onError } = options;
  let waiter: Waiter | undefined;
  let watching: AbortController | undefined;
  let latest = createBelief<LockFacts>(clock, trustMs);
  /** Why this node was refused when its loop was here last. */
  let said: Refusal | undefined;
  let isCalled = false;
  let isFading = false;
  /** Since when the reboot of the node that was seen to enter last had been needed; it has left meanwhile. */
  let lastEntrantNeededSince: string | undefined;
  let offer: AbortController | undefined;
  let isDue = false;

  function see(facts: LockFacts): void {
    lastEntrantNeededSince = lastEntered(facts.holders)?.neededSince ?? lastEntrantNeededSince;
    if (facts.refusal !== undefined) withdraw();
    else if (offer === undefined && !isDue) void makeOffer();
  }

  /** Calls where the Node is to say something else. A slot that is free has its own call, or is taken again at once. */
  function seeWatched(facts: LockFacts, signal: AbortSignal): void {
    if (!latest.shown(facts, facts.version)) return;
    see(facts);
    if (isNews()) void callLater(signal);
  }

  function isNews(): boolean {
    const refusal = latest.last()?.refusal;
    if (refusal === undefined) return false;
    return refusal.code !== said?.code || (isByPeople(refusal) && refusal.message !== said.message);
  }

  async function callLater(signal: AbortSignal): Promise<void> {
    if (isCalled) return;
    isCalled = true;
    const clusterSize = await lock.clusterSize(signal).catch(() => clusterSizeMax);
    await clock.sleep(random() * clusterSize * newsMs, signal).catch(() => {});
    isCalled = false;
    if (!signal.aborted && isNews()) onNews();
  }

  /** The loop waits for longer than what it goes by is to be believed. */
  async function callWhenFaded(signal: AbortSignal): Promise<void> {
    if (isFading) return;
    isFading = true;
    await clock.sleep(latest.trustedMs(), signal).catch(() => {});
    isFading = false;
    if (!signal.aborted && latest.value() === undefined) onNews();
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
        leftMs: waiter?.leftAt === undefined ? undefined : waitedMs(waiter.leftAt),
        lastEntrantWaitMs: waitedMs(lastEntrantNeededSince) || undefined,
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
        const suspects = someOf(latest.last()?.holders ?? [], isFirst ? orphanLooksMax : 1, random);
        const removed = await lock.removeOrphans({ nodeID: waiter?.nodeID ?? "" }, suspects, signal);
        if (removed.length > 0) onOrphans(removed);
      } catch (error) {
        if (!signal.aborted) onError("looking after the holders of the lock", error);
      }
    }
  }

  return {
    follow(next, seen, askedAt) {
      waiter = next;
      said = seen.refusal;
      // Where the watch has shown something newer meanwhile, that counts.
      if (askedAt !== undefined) latest.read(seen, seen.version, askedAt);
      see(latest.last() ?? seen);
      if (watching !== undefined) return;
      watching = new AbortController();
      const { signal } = watching;
      void patrol(signal);
      const vigil = {
        ...options,
        holders: () => latest.last()?.holders ?? [],
        look: lock.lookAtHolder,
        onError: (error: unknown) => onError("looking at a holder of the lock that is late", error),
      };
      void keepVigil(vigil, next.nodeID, signal);
      void lock.watch(
        () => waiter ?? next,
        (facts) => seeWatched(facts, signal),
        (error) => {
          latest.fade(brokenTrustMs(random));
          void callWhenFaded(signal);
          onError("watching the lock", error);
        },
        signal,
      );
    },
    stop() {
      withdraw();
      if (watching !== undefined) options.onOverdue([]);
      watching?.abort();
      watching = undefined;
      latest = createBelief(clock, trustMs);
      said = undefined;
      isCalled = false;
      isFading = false;
    },
    claim() {
      const claimed = isDue;
      isDue = false;
      return claimed;
    },
    refused() {
      const facts = latest.value();
      if (facts?.refusal === undefined || facts.held || facts.hasStaleEntry) return undefined;
      // Of other Nodes the watch shows nothing.
      return facts.refusal.dependsOnNodes ? undefined : facts;
    },
    trustedMs: () => (watching === undefined ? Number.POSITIVE_INFINITY : latest.trustedMs()),
  };
}

function lastEntered(holders: readonly Holder[]): Holder | undefined {
  const entered = holders.filter(({ created }) => created !== undefined);
  return entered.sort((a, b) => Date.parse(b.created ?? "") - Date.parse(a.created ?? ""))[0];
}

/** So many at most, one after the other from anywhere. */
function someOf<T>(items: readonly T[], most: number, random: Random): readonly T[] {
  if (items.length <= most) return items;
  const from = Math.floor(random() * items.length);
  return [...items.slice(from), ...items.slice(0, from)].slice(0, most);
}
