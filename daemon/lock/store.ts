import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, isApiError, unlessNotFound } from "../cluster/api.ts";
import { type PartialObjectMetadata, paths } from "../cluster/objects.ts";
import { watchObject } from "../cluster/watch.ts";
import {
  enter,
  type Holder,
  holds,
  isManual,
  type LockValue,
  leave,
  leavesRemains,
  parseLock,
  type Refusal,
  refusal,
  type Self,
  writeLock,
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

/** The object that carries the lock. */
export interface LockPlace {
  kind: "lease" | "daemonset";
  namespace: string;
  name: string;
  annotation: string;
}

export interface LockOptions {
  api: Api;
  clock: Clock;
  random: Random;
  place: LockPlace;
  concurrency: number;
  /** Written into the own entries; 0 is for ever. */
  ttlMs: number;
}

/** The part of a Lease and of a DaemonSet that the lock is about. */
interface Carrier {
  metadata?: { resourceVersion?: string; annotations?: Record<string, string> };
}

/** A Node that is not there may be on its way back, as when its kubelet registers anew. */
const orphanLooksApartMs = 30_000;
const conflictRetry = { firstMs: 50, maxMs: 2000 };
/** With thousands of waiters the winner of each round is somebody; this many rounds without a turn is a fault. */
const conflictsMax = 12;

/**
 * Compare-and-swap on the annotation: a merge patch of it alone, guarded by the resourceVersion that was read
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply).
 */
export function createLockStore(options: LockOptions): LockStore {
  const { api, clock, random, place, concurrency, ttlMs } = options;
  const { kind, namespace, name, annotation } = place;
  const collection = kind === "lease" ? paths.leases(namespace) : paths.daemonSets(namespace);
  const path = `${collection}/${name}`;

  const factsOf = (lock: LockValue, self: Self): LockFacts => ({
    held: holds(lock, self, clock.now()),
    remains: leavesRemains(lock, self, clock.now()),
    refusal: refusal(lock, self, concurrency, clock.now()),
    holders: lock.state === "readable" ? lock.holders : [],
  });
  const lockIn = (metadata: Carrier["metadata"]) => parseLock(metadata?.annotations?.[annotation]);

  /** A Lease that is missing is a free lock; a DaemonSet is somebody else's to make. */
  async function readCarrier(signal: AbortSignal): Promise<Carrier | undefined> {
    const carrier = await unlessNotFound(api.get<Carrier>(path, { signal }));
    if (carrier !== undefined || kind === "lease") return carrier;
    throw new Error(
      `the DaemonSet ${namespace}/${name}, which is to carry the lock, does not exist; name another with --lock-object`,
    );
  }

  async function write(carrier: Carrier, holders: readonly Holder[], signal: AbortSignal): Promise<void> {
    const metadata = {
      resourceVersion: carrier.metadata?.resourceVersion,
      annotations: { [annotation]: writeLock(holders, concurrency) },
    };
    // For people only: `kubectl get lease` shows it.
    const spec = { holderIdentity: holders.map(({ nodeID }) => nodeID).join(",") || null };
    await api.patch(path, kind === "lease" ? { metadata, spec } : { metadata }, { signal });
  }

  /** Reads, changes, writes under the version read; after a conflict once more. `change` answers undefined for "as it is". */
  async function swap(
    self: Self,
    change: (holders: readonly Holder[], lock: LockValue) => readonly Holder[] | undefined,
    signal: AbortSignal,
  ): Promise<LockFacts> {
    for (let conflicts = 0; ; ) {
      const carrier = await readCarrier(signal);
      const lock = lockIn(carrier?.metadata);
      const before = lock.state === "readable" ? lock.holders : [];
      const after = change(before, lock);
      if (after === undefined) return factsOf(lock, self);
      try {
        await write(carrier ?? (await createLease(signal)), after, signal);
        return factsOf({ state: "readable", holders: after }, self);
      } catch (error) {
        conflicts += 1;
        if (!isApiError(error, "conflict", "already-exists") || conflicts > conflictsMax) throw error;
        await clock.sleep(backoffMs(conflicts, conflictRetry, random), signal);
      }
    }
  }

  async function createLease(signal: AbortSignal): Promise<Carrier> {
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace },
      spec: {},
    };
    try {
      return await api.create<Carrier>(collection, lease, { signal });
    } catch (cause) {
      if (!isApiError(cause, "forbidden")) throw cause;
      const message = `the Lease ${namespace}/${name}, which is to carry the lock, is missing, and may not be created`;
      throw new Error(`${message}; create it as manifests/base does`, { cause });
    }
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

  return {
    async removeOrphans(self, holders, signal) {
      const suspects = await orphansAmong(holders, self, signal);
      if (suspects.length === 0) return [];
      await clock.sleep(orphanLooksApartMs, signal);
      const orphans = await orphansAmong(suspects, self, signal);
      const isOrphan = (holder: Holder) =>
        orphans.some(({ nodeID, created }) => holder.nodeID === nodeID && holder.created === created);
      const change = (now: readonly Holder[]) => {
        const after = now.filter((holder) => !isOrphan(holder));
        return after.length === now.length ? undefined : after;
      };
      await swap(self, change, signal);
      return orphans;
    },
    read: async (self, signal) => factsOf(lockIn((await readCarrier(signal))?.metadata), self),
    acquire: (self, unschedulable, signal) =>
      swap(
        self,
        (holders, lock) => {
          const now = clock.now();
          if (holds(lock, self, now) || refusal(lock, self, concurrency, now) !== undefined) return undefined;
          return enter(holders, entryOf(self, unschedulable, now), now);
        },
        signal,
      ),
    async release(self, signal) {
      const change = (holders: readonly Holder[]) => {
        const after = leave(holders, self);
        return after.length === holders.length ? undefined : after;
      };
      await swap(self, change, signal);
    },
    watch: (self, onFacts, onBreak, signal) =>
      watchObject({
        api,
        clock,
        random,
        collection,
        name,
        signal,
        onBreak,
        onChange: (metadata) => onFacts(factsOf(lockIn(metadata), self)),
      }),
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
}
