import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, isApiError, unlessNotFound } from "../cluster/api.ts";
import { type Lease, paths } from "../cluster/objects.ts";
import { watchObject } from "../cluster/watch.ts";
import {
  enter,
  type Holder,
  holds,
  type LockValue,
  leave,
  parseLock,
  type Refusal,
  refusal,
  writeLock,
} from "./slots.ts";

/** What the lock says about this node. */
export interface LockFacts {
  held: boolean;
  /** Why a cycle may not start now, slots of others and manual entries alike. */
  refusal: Refusal | undefined;
}

export interface LockStore {
  read(signal: AbortSignal): Promise<LockFacts>;
  /** Takes a slot if one is to be had; the answer says whether this node is in. */
  acquire(entry: Omit<Holder, "nodeID" | "created">, signal: AbortSignal): Promise<LockFacts>;
  /** Gives the slot back; nothing happens where there is none. */
  release(signal: AbortSignal): Promise<void>;
  /** Calls back with each state of the lock until the signal ends it. */
  watch(
    onFacts: (facts: LockFacts) => void,
    onBreak: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface LockOptions {
  api: Api;
  clock: Clock;
  random: Random;
  namespace: string;
  /** The Lease that carries the lock. */
  name: string;
  annotation: string;
  nodeID: string;
  concurrency: number;
}

const conflictRetry = { firstMs: 50, maxMs: 2000 };
/** With thousands of waiters the winner of each round is somebody; this many rounds without a turn is a fault. */
const conflictsMax = 12;

/**
 * Compare-and-swap on the annotation: a merge patch of it alone, guarded by the resourceVersion that was read
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply).
 */
export function createLockStore(options: LockOptions): LockStore {
  const { api, clock, random, namespace, name, annotation, nodeID, concurrency } = options;
  const collection = paths.leases(namespace);
  const path = `${collection}/${name}`;

  const factsOf = (lock: LockValue): LockFacts => ({
    held: holds(lock, nodeID),
    refusal: refusal(lock, nodeID, concurrency),
  });
  const lockIn = (metadata: Lease["metadata"]) => parseLock(metadata?.annotations?.[annotation]);
  const readLease = (signal: AbortSignal) => unlessNotFound(api.get<Lease>(path, { signal }));

  async function write(lease: Lease, holders: readonly Holder[], signal: AbortSignal): Promise<void> {
    await api.patch<Lease>(
      path,
      {
        metadata: {
          resourceVersion: lease.metadata?.resourceVersion,
          annotations: { [annotation]: writeLock(holders, concurrency) },
        },
        // For people only: `kubectl get lease` shows it.
        spec: { holderIdentity: holders.map((holder) => holder.nodeID).join(",") || null },
      },
      { signal },
    );
  }

  /** Reads, changes, writes under the version read; after a conflict once more. `change` answers undefined for "as it is". */
  async function swap(
    change: (holders: readonly Holder[], lock: LockValue) => readonly Holder[] | undefined,
    signal: AbortSignal,
  ): Promise<LockFacts> {
    for (let conflicts = 0; ; ) {
      const lease = await readLease(signal);
      const lock = lockIn(lease?.metadata);
      const before = lock.state === "readable" ? lock.holders : [];
      const after = change(before, lock);
      if (after === undefined) return factsOf(lock);
      try {
        await write(lease ?? (await create(signal)), after, signal);
        return factsOf({ state: "readable", holders: after });
      } catch (error) {
        conflicts += 1;
        if (!isApiError(error, "conflict", "already-exists") || conflicts > conflictsMax) throw error;
        await clock.sleep(backoffMs(conflicts, conflictRetry, random), signal);
      }
    }
  }

  function create(signal: AbortSignal): Promise<Lease> {
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace },
      spec: {},
    };
    return api.create<Lease>(collection, lease, { signal });
  }

  return {
    read: async (signal) => factsOf(lockIn((await readLease(signal))?.metadata)),
    acquire: (entry, signal) =>
      swap((holders, lock) => {
        if (holds(lock, nodeID) || refusal(lock, nodeID, concurrency) !== undefined) return undefined;
        return enter(holders, { nodeID, ...entry, created: new Date(clock.now()).toISOString(), TTL: 0 });
      }, signal),
    async release(signal) {
      await swap((holders, lock) => (holds(lock, nodeID) ? leave(holders, nodeID) : undefined), signal);
    },
    watch: (onFacts, onBreak, signal) =>
      watchObject({
        api,
        clock,
        random,
        collection,
        name,
        signal,
        onBreak,
        onChange: (metadata) => onFacts(factsOf(lockIn(metadata))),
      }),
  };
}
