import type { Clock, Random } from "../clock.ts";
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
  /** What the watch has shown last, where that is that others are in the way; nothing has to be asked then. */
  refused(): LockFacts | undefined;
}

export interface TurnOptions {
  clock: Clock;
  random: Random;
  lock: LockStore;
  /** Called when it is this node's turn. */
  onDue: () => void;
  onOrphans: (removed: readonly Holder[]) => void;
  onError: (what: string, error: unknown) => void;
}

/** Of a cluster whose size is not known. */
const clusterSizeMax = 5000;
/** A holder whose Node is gone never hands its slot on: all are looked after within minutes, then one at a time. */
const firstPatrolMs = { least: 30_000, most: 5 * 60_000 };
const patrolMs = { least: 30 * 60_000, most: 40 * 60_000 };

/** Watches the lock only while a slot is waited for, and says when it is this node's turn to ask for one. */
export function createTurn({ clock, random, lock, onDue, onOrphans, onError }: TurnOptions): Turn {
  let waiter: Waiter | undefined;
  let watching: AbortController | undefined;
  let latest: LockFacts | undefined;
  /** Since when the reboot of the node that was seen to enter last had been needed; it has left meanwhile. */
  let yardstick: string | undefined;
  let offer: AbortController | undefined;
  let isDue = false;

  function see(facts: LockFacts): void {
    latest = facts;
    yardstick = lastEntered(facts.holders)?.neededSince ?? yardstick;
    if (facts.refusal !== undefined) withdraw();
    else if (offer === undefined && !isDue) void makeOffer();
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
    const startedAt = clock.now();
    const clusterSize = await lock.clusterSize(mine.signal).catch(() => clusterSizeMax);
    const waitedMs = (since: string | undefined) => Math.max(0, startedAt - Date.parse(since ?? ""));
    const delayMs = turnDelayMs(
      {
        priority: parsePriority(waiter?.priority) ?? "normal",
        waitedMs: waitedMs(waiter?.neededSince) || 0,
        yardstickMs: waitedMs(yardstick) || undefined,
        clusterSize,
      },
      random,
    );
    await clock.sleep(startedAt + delayMs - clock.now(), mine.signal).catch(() => {});
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
      void patrol(watching.signal);
      void lock.watch(
        () => waiter ?? next,
        see,
        (error) => onError("watching the lock", error),
        watching.signal,
      );
    },
    stop() {
      withdraw();
      watching?.abort();
      watching = undefined;
      latest = undefined;
    },
    claim() {
      const claimed = isDue;
      isDue = false;
      return claimed;
    },
    refused: () => (latest?.refusal !== undefined && !latest.held && !latest.remains ? latest : undefined),
  };
}

function lastEntered(holders: readonly Holder[]): Holder | undefined {
  const entered = holders.filter(({ created }) => created !== undefined);
  return entered.sort((a, b) => Date.parse(b.created ?? "") - Date.parse(a.created ?? ""))[0];
}
