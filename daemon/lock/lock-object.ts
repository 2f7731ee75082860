import { contract } from "../annotations/names.ts";
import { type Api, isApiError, unlessNotFound } from "../cluster/api.ts";
import { watchObject } from "../cluster/informer.ts";
import { backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";
import { type Failure, type Failures, parseFailures, writeFailures } from "./failures.ts";
import { isLockKind, type LockKind, lockKinds } from "./kinds.ts";
import { type LockChange, type LockValue, parseLock, writeLock } from "./lock.ts";
import { misreadBesideLock } from "./misread.ts";
import { parseUnlocked, type Unlocked, writeUnlocked } from "./unlocked.ts";

/** The object that carries the lock. */
export interface LockPlace {
  kind: LockKind;
  namespace: string;
  name: string;
  annotation: string;
}

/** The place in one line, "lease/NAMESPACE/NAME ANNOTATION", to know it again. */
export function placeText({ kind, namespace, name, annotation }: LockPlace): string {
  return `${kind}/${namespace}/${name} ${annotation}`;
}

/** Undefined for what {@link placeText} has not written. */
export function parsePlace(text: string): LockPlace | undefined {
  const [, kind = "", namespace = "", name = "", annotation = ""] =
    /^([a-z]+)\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253}) ([A-Za-z0-9./_-]{1,317})$/.exec(text) ?? [];
  return isLockKind(kind) ? { kind, namespace, name, annotation } : undefined;
}

/** What the object says: the lock, which nodes have failed in a row, whose slot was taken away, and whether all are paused. */
export interface LockObjectState {
  /** The object's resourceVersion; undefined where there is no object. */
  version: string | undefined;
  lock: LockValue;
  failures: Failures;
  unlocked: readonly Unlocked[];
  /** As a person has written it. */
  paused?: string | undefined;
  /** What people have written beside it that is not understood, as sentences. */
  misread?: readonly string[];
}

/** What it is to say; what is not named stays as it is. */
export interface LockObjectChange {
  lock?: LockChange;
  failures?: readonly Failure[];
  unlocked?: readonly Unlocked[];
  /** Null takes it away. */
  paused?: string | null;
}

export interface LockObject {
  read(signal: AbortSignal): Promise<LockObjectState>;
  /**
   * Reads, changes, writes under the version read; after a conflict once more. `change` is pure, and answers undefined for
   * "as it is". Resolves with what is there afterwards.
   */
  swap(
    change: (state: LockObjectState) => LockObjectChange | undefined,
    signal: AbortSignal,
  ): Promise<LockObjectState>;
  /** Calls back with each state of it until the signal ends it. */
  watch(
    onState: (state: LockObjectState) => void,
    onBreak: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface LockObjectOptions {
  api: Api;
  clock: Clock;
  random: Random;
  place: LockPlace;
  /** After so many conflicts in one swap it rejects. */
  conflictsMax?: number;
  /** What is thrown where there is no object; without it a missing Lease is a free lock, and is created when it is written. */
  ifMissing?: () => Error;
}

/** The part of a Lease and of a DaemonSet that the lock is about. */
interface StoredObject {
  metadata?: StoredMetadata;
}

interface StoredMetadata {
  resourceVersion?: string;
  annotations?: Record<string, string>;
}

const conflictRetry = { firstMs: 50, maxMs: 2000 };
/** With thousands of waiters the winner of each round is somebody; this many rounds without a turn is a fault. */
const conflictsMaxDefault = 12;

/**
 * Compare-and-swap on the annotations: one merge patch of them alone, guarded by the resourceVersion that was read
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply).
 */
export function createLockObject({
  api,
  clock,
  random,
  place,
  conflictsMax = conflictsMaxDefault,
  ifMissing,
}: LockObjectOptions): LockObject {
  const { namespace, name, annotation } = place;
  const kind = lockKinds[place.kind];
  const collection = kind.collection(namespace);
  const path = kind.object(namespace, name);
  const objectText = `the ${kind.title} ${namespace}/${name}, which is to carry the lock,`;
  const stateOf = ({ annotations, resourceVersion }: StoredMetadata = {}): LockObjectState => ({
    version: resourceVersion,
    lock: parseLock(annotations?.[annotation]),
    failures: parseFailures(annotations?.[contract.failures.key]),
    unlocked: parseUnlocked(annotations?.[contract.unlocked.key]),
    paused: annotations?.[contract.paused.key],
    misread: misreadBesideLock(annotations ?? {}, annotation),
  });

  /** An object that the daemon would create, and that is missing, is a free lock. */
  async function readObject(signal: AbortSignal): Promise<StoredObject | undefined> {
    const object = await unlessNotFound(() => api.get<StoredObject>(path, { signal }));
    if (object === undefined && ifMissing !== undefined) throw ifMissing();
    if (object !== undefined || kind.create !== undefined) return object;
    throw new Error(`${objectText} does not exist; name another with --lock-object`);
  }

  /** All in one patch. Resolves with what the object says then. */
  async function write(
    object: StoredObject,
    { lock, failures, unlocked, paused }: LockObjectChange,
    signal: AbortSignal,
  ): Promise<LockObjectState> {
    const annotations = {
      ...(lock !== undefined && { [annotation]: writeLock(lock, stateOf(object.metadata).lock) }),
      ...(failures !== undefined && { [contract.failures.key]: writeFailures(failures) }),
      ...(unlocked !== undefined && { [contract.unlocked.key]: writeUnlocked(unlocked) }),
      ...(paused !== undefined && { [contract.paused.key]: paused }),
    };
    const metadata = { resourceVersion: object.metadata?.resourceVersion, annotations };
    const holders = lock?.holders.map(({ nodeID }) => nodeID).join(",") || null;
    const shown = lock === undefined ? {} : kind.show?.(holders);
    const { metadata: written } = await api.patch<StoredObject>(path, { metadata, ...shown }, { signal });
    return stateOf(written);
  }

  async function createObject(signal: AbortSignal): Promise<StoredObject> {
    const object = { ...kind.create, metadata: { name, namespace } };
    try {
      return await api.create<StoredObject>(collection, object, { signal });
    } catch (cause) {
      if (!isApiError(cause, "forbidden")) throw cause;
      const message = `${objectText} is missing, and may not be created; create it as manifests/base does`;
      throw new Error(message, { cause });
    }
  }

  return {
    read: async (signal) => stateOf((await readObject(signal))?.metadata),
    async swap(change, signal) {
      for (let conflicts = 0; ; ) {
        const object = await readObject(signal);
        const state = stateOf(object?.metadata);
        const wanted = change(state);
        if (wanted === undefined) return state;
        try {
          return await write(object ?? (await createObject(signal)), wanted, signal);
        } catch (error) {
          conflicts += 1;
          if (!isApiError(error, "conflict", "already-exists") || conflicts > conflictsMax) throw error;
          await clock.sleep(backoffMs(conflicts, conflictRetry, random), signal);
        }
      }
    },
    watch: (onState, onBreak, signal) =>
      watchObject(
        {
          api,
          clock,
          random,
          collection,
          name,
          onBreak,
          onChange: (metadata) => onState(stateOf(metadata)),
        },
        signal,
      ),
  };
}
