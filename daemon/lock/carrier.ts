import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, isApiError, unlessNotFound } from "../cluster/api.ts";
import { paths } from "../cluster/objects.ts";
import { watchObject } from "../cluster/watch.ts";
import { type Holder, type LockChange, type LockValue, parseLock, writeLock } from "./slots.ts";

/** The object that carries the lock. */
export interface LockPlace {
  kind: "lease" | "daemonset";
  namespace: string;
  name: string;
  annotation: string;
}

export interface LockCarrier {
  read(signal: AbortSignal): Promise<LockValue>;
  /**
   * Reads, changes, writes under the version read; after a conflict once more. `change` is pure, and answers undefined for
   * "as it is". Resolves with the lock as it is afterwards.
   */
  swap(change: (lock: LockValue) => LockChange | undefined, signal: AbortSignal): Promise<LockValue>;
  /** Calls back with each state of the lock until the signal ends it. */
  watch(
    onLock: (lock: LockValue) => void,
    onBreak: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface CarrierOptions {
  api: Api;
  clock: Clock;
  random: Random;
  place: LockPlace;
}

/** The part of a Lease and of a DaemonSet that the lock is about. */
interface CarrierObject {
  metadata?: { resourceVersion?: string; annotations?: Record<string, string> };
}

const conflictRetry = { firstMs: 50, maxMs: 2000 };
/** With thousands of waiters the winner of each round is somebody; this many rounds without a turn is a fault. */
const conflictsMax = 12;

/**
 * Compare-and-swap on the annotation: a merge patch of it alone, guarded by the resourceVersion that was read
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply).
 */
export function createLockCarrier({ api, clock, random, place }: CarrierOptions): LockCarrier {
  const { kind, namespace, name, annotation } = place;
  const collection = kind === "lease" ? paths.leases(namespace) : paths.daemonSets(namespace);
  const path = `${collection}/${name}`;
  const lockIn = (metadata: CarrierObject["metadata"]) => parseLock(metadata?.annotations?.[annotation]);

  /** A Lease that is missing is a free lock; a DaemonSet is somebody else's to make. */
  async function readObject(signal: AbortSignal): Promise<CarrierObject | undefined> {
    const object = await unlessNotFound(api.get<CarrierObject>(path, { signal }));
    if (object !== undefined || kind === "lease") return object;
    throw new Error(
      `the DaemonSet ${namespace}/${name}, which is to carry the lock, does not exist; name another with --lock-object`,
    );
  }

  async function write(
    object: CarrierObject,
    value: string | null,
    holders: readonly Holder[],
    signal: AbortSignal,
  ): Promise<void> {
    const metadata = {
      resourceVersion: object.metadata?.resourceVersion,
      annotations: { [annotation]: value },
    };
    // For people only: `kubectl get lease` shows it.
    const spec = { holderIdentity: holders.map(({ nodeID }) => nodeID).join(",") || null };
    await api.patch(path, kind === "lease" ? { metadata, spec } : { metadata }, { signal });
  }

  async function createLease(signal: AbortSignal): Promise<CarrierObject> {
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace },
      spec: {},
    };
    try {
      return await api.create<CarrierObject>(collection, lease, { signal });
    } catch (cause) {
      if (!isApiError(cause, "forbidden")) throw cause;
      const message = `the Lease ${namespace}/${name}, which is to carry the lock, is missing, and may not be created`;
      throw new Error(`${message}; create it as manifests/base does`, { cause });
    }
  }

  return {
    read: async (signal) => lockIn((await readObject(signal))?.metadata),
    async swap(change, signal) {
      for (let conflicts = 0; ; ) {
        const object = await readObject(signal);
        const lock = lockIn(object?.metadata);
        const wanted = change(lock);
        if (wanted === undefined) return lock;
        const value = writeLock(wanted, lock);
        try {
          await write(object ?? (await createLease(signal)), value, wanted.holders, signal);
          return parseLock(value ?? undefined);
        } catch (error) {
          conflicts += 1;
          if (!isApiError(error, "conflict", "already-exists") || conflicts > conflictsMax) throw error;
          await clock.sleep(backoffMs(conflicts, conflictRetry, random), signal);
        }
      }
    },
    watch: (onLock, onBreak, signal) =>
      watchObject({
        api,
        clock,
        random,
        collection,
        name,
        signal,
        onBreak,
        onChange: (metadata) => onLock(lockIn(metadata)),
      }),
  };
}
