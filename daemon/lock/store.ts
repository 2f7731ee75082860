import type { Clock } from "../clock.ts";
import { type Api, unlessNotFound } from "../cluster/api.ts";
import { type PartialObjectMetadata, paths } from "../cluster/objects.ts";
import type { LockCarrier } from "./carrier.ts";
import {
  enter,
  type Holder,
  holds,
  isManual,
  type LockValue,
  leave,
  leavesRemains,
  type Refusal,
  refusal,
  type Self,
} from "./slots.ts";

/** What the lock says about this node. */
export interface LockFacts {
  held: boolean;
  /** An entry bears this node's name that is not, or no longer, its slot: it is to be taken away. */
  remains: boolean;
  /** Why a cycle may not start now, slots of others and manual entries alike. */
  refusal: Refusal | undefined;
  holders: readonly Holder[];
}

export interface LockStore {
  read(self: Self, signal: AbortSignal): Promise<LockFacts>;
  /** Takes a slot if one is to be had; the answer says whether this node is in. */
  acquire(self: Self, unschedulable: boolean, signal: AbortSignal): Promise<LockFacts>;
  /** Gives the slot back, and all that bears this node's name; nothing happens where there is nothing. */
  release(self: Self, signal: AbortSignal): Promise<void>;
  /**
   * Takes away entries of other nodes whose Node is gone, or is another one of that name, after two looks. Resolves with
   * what went.
   */
  removeOrphans(self: Self, holders: readonly Holder[], signal: AbortSignal): Promise<readonly Holder[]>;
  /** Calls back with each state of the lock until the signal ends it. */
  watch(
    self: Self,
    onFacts: (facts: LockFacts) => void,
    onBreak: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface LockOptions {
  api: Api;
  clock: Clock;
  carrier: LockCarrier;
  concurrency: number;
  /** Written into the own entries; 0 is for ever. */
  ttlMs: number;
}

/** A Node that is not there may be on its way back, as when its kubelet registers anew. */
const orphanLooksApartMs = 30_000;

/** The lock as one node's daemon deals with it. */
export function createLockStore({ api, clock, carrier, concurrency, ttlMs }: LockOptions): LockStore {
  const factsOf = (lock: LockValue, self: Self): LockFacts => ({
    held: holds(lock, self, clock.now()),
    remains: leavesRemains(lock, self, clock.now()),
    refusal: refusal(lock, self, concurrency, clock.now()),
    holders: holdersOf(lock),
  });

  /** Takes away what `isGone` says, if there is any of it. */
  const without = (isGone: (holder: Holder) => boolean) => (lock: LockValue) => {
    const before = holdersOf(lock);
    const holders = before.filter((holder) => !isGone(holder));
    return holders.length === before.length ? undefined : { holders, concurrency };
  };

  return {
    read: async (self, signal) => factsOf(await carrier.read(signal), self),

    async acquire(self, unschedulable, signal) {
      const after = await carrier.swap((lock) => {
        const now = clock.now();
        if (holds(lock, self, now) || refusal(lock, self, concurrency, now) !== undefined) return undefined;
        return { holders: enter(holdersOf(lock), entryOf(self, unschedulable, now), now), concurrency };
      }, signal);
      return factsOf(after, self);
    },

    async release(self, signal) {
      const isOurs = (holder: Holder) => leave([holder], self).length === 0;
      await carrier.swap(without(isOurs), signal);
    },

    async removeOrphans(self, holders, signal) {
      const suspects = await orphansAmong(holders, self, signal);
      if (suspects.length === 0) return [];
      await clock.sleep(orphanLooksApartMs, signal);
      const orphans = await orphansAmong(suspects, self, signal);
      const isOrphan = (holder: Holder) =>
        orphans.some(({ nodeID, created }) => holder.nodeID === nodeID && holder.created === created);
      await carrier.swap(without(isOrphan), signal);
      return orphans;
    },

    watch: (self, onFacts, onBreak, signal) =>
      carrier.watch((lock) => onFacts(factsOf(lock, self)), onBreak, signal),
  };

  function entryOf({ nodeID, nodeUID }: Self, unschedulable: boolean, now: number): Holder {
    const created = new Date(now).toISOString();
    return {
      nodeID,
      metadata: { unschedulable },
      created,
      TTL: ttlMs * 1e6,
      ...(nodeUID !== undefined && { nodeUID }),
    };
  }

  async function orphansAmong(
    holders: readonly Holder[],
    self: Self,
    signal: AbortSignal,
  ): Promise<readonly Holder[]> {
    const orphans: Holder[] = [];
    for (const holder of holders) {
      // A person's entry is for that person to take away, whatever it names.
      if (isManual(holder) || holder.nodeID === self.nodeID) continue;
      const node = await unlessNotFound(
        api.get<PartialObjectMetadata>(paths.node(holder.nodeID), { signal, metadataOnly: true }),
      );
      const isAnother = holder.nodeUID !== undefined && node?.metadata?.uid !== holder.nodeUID;
      if (node === undefined || isAnother) orphans.push(holder);
    }
    return orphans;
  }
}

function holdersOf(lock: LockValue): readonly Holder[] {
  return lock.state === "readable" ? lock.holders : [];
}
