import { contract } from "../annotations/names.ts";
import { type Api, ApiError, isApiError, unlessNotFound, unlessNotGranted } from "../cluster/api.ts";
import { watchObject } from "../cluster/informer.ts";
import { merged } from "../cluster/merge-patch.ts";
import { backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";
import { iso } from "../time/iso.ts";
import { createConflicts } from "./conflicts.ts";
import { type Failure, type Failures, parseFailures, writeFailures } from "./failures.ts";
import { parseLastReboot } from "./interval.ts";
import { isLockKind, type LockKind, lockKinds } from "./kinds.ts";
import { type LockChange, type LockValue, lockAfter, parseLock, writeLock } from "./lock.ts";
import { misreadBesideLock } from "./misread.ts";
import { createRecentObject } from "./recent-object.ts";
import { parseUnlocked, type Unlocked, writeUnlocked } from "./unlocked.ts";

/** The object that has the lock in an annotation. */
export interface LockPlace {
  kind: LockKind;
  namespace: string;
  name: string;
  annotation: string;
}

/** The place in one line, "lease/NAMESPACE/NAME ANNOTATION", for the record. */
export function placeText({ kind, namespace, name, annotation }: LockPlace): string {
  return `${kind}/${namespace}/${name} ${annotation}`;
}

/** Undefined for a text that {@link placeText} has not written. */
export function parsePlace(text: string): LockPlace | undefined {
  const [, kind = "", namespace = "", name = "", annotation = ""] =
    /^([a-z]+)\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253}) ([A-Za-z0-9./_-]{1,317})$/.exec(text) ?? [];
  return isLockKind(kind) ? { kind, namespace, name, annotation } : undefined;
}

/**
 * The values in the annotations of the object: the lock, failures in a row, slots that were taken away, the
 * last reboot, a pause of all nodes.
 */
export interface LockObjectState {
  /** The object's resourceVersion; undefined where there is no object. */
  version: string | undefined;
  lock: LockValue;
  failures: Failures;
  unlocked: readonly Unlocked[];
  /** When the last node had rebooted and left the lock, in milliseconds since the epoch, if that was written. */
  lastRebootAt?: number | undefined;
  /** The annotation as a person has written it. */
  paused?: string | undefined;
  /** Annotations beside the lock that are not understood, as sentences. */
  misread?: readonly string[];
}

/** The new values. A value that is not named stays as it is. */
export interface LockObjectChange {
  lock?: LockChange;
  failures?: readonly Failure[];
  unlocked?: readonly Unlocked[];
  lastRebootAt?: number;
  /** Null removes it. */
  paused?: string | null;
}

export interface LockObject {
  read(signal: AbortSignal): Promise<LockObjectState>;
  /** The state as the server has answered within the last second, if nothing newer was seen; else reads it. */
  readLately(signal: AbortSignal): Promise<LockObjectState>;
  /**
   * Reads, changes, and writes under the version that was read; after a conflict it starts again. `change` is
   * pure, and returns undefined for "as it is". Resolves with the state afterwards. A state that was read before
   * is written on where nobody else has most probably written since, as the server compares the version.
   */
  swap(
    change: (state: LockObjectState) => LockObjectChange | undefined,
    signal: AbortSignal,
  ): Promise<LockObjectState>;
  /**
   * Calls back with each state of the object until the signal ends it. `spreadMs`: the time over which all that watch
   * it come back after the end of the server.
   */
  watch(
    onState: (state: LockObjectState) => void,
    onBreak: (error: unknown) => void,
    signal: AbortSignal,
    spreadMs?: () => number,
  ): Promise<void>;
}

/** How a write of the lock went; another writer was faster at a `conflict`. */
export const lockWrites = ["written", "conflict", "failed"] as const;
export type LockWrite = (typeof lockWrites)[number];

export interface LockObjectOptions {
  api: Api;
  clock: Clock;
  random: Random;
  place: LockPlace;
  /** After so many conflicts a swap rejects; those with a node that has entered or left meanwhile do not count. */
  conflictsInVainMax?: number;
  /**
   * The error if there is no object. Without it a missing Lease is a free lock, and is created when it is
   * written.
   */
  ifMissing?: () => Error;
  onWrite?: (outcome: LockWrite) => void;
}

/** The part of a Lease and of a DaemonSet that the lock needs. */
interface StoredObject {
  metadata?: StoredMetadata;
}

interface StoredMetadata {
  resourceVersion?: string;
  annotations?: Record<string, string>;
}

/** The pauses between two reads of the lock, for a daemon without the right to watch it. */
const pollPauses = { firstMs: 10_000, maxMs: 60_000 };
const conflictRetry = { firstMs: 50, maxMs: 2000 };

/**
 * Compare-and-swap on the annotations: one merge patch of them alone, guarded by the resourceVersion that was
 * read (https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply).
 */
export function createLockObject(options: LockObjectOptions): LockObject {
  const { api, clock, random, place, conflictsInVainMax, ifMissing, onWrite = () => {} } = options;
  const { namespace, name, annotation } = place;
  const kind = lockKinds[place.kind];
  const collection = kind.collection(namespace);
  const path = kind.object(namespace, name);
  const recent = createRecentObject<StoredObject>(clock, annotation);
  const title = `the lock object ${kind.title} ${namespace}/${name} does not exist`;

  /** Undefined for an object that the daemon would create: its lock is free. */
  async function readObject(signal: AbortSignal): Promise<StoredObject | undefined> {
    const asked = clock.elapsed();
    const object = await unlessNotFound(() => api.get<StoredObject>(path, { signal }));
    recent.keep(object, asked);
    if (object === undefined && ifMissing !== undefined) throw ifMissing();
    if (object !== undefined || kind.create !== undefined) return object;
    throw new Error(`${title}; name another with --lock-object`);
  }

  async function createObject(signal: AbortSignal): Promise<StoredObject> {
    const object = { ...kind.create, metadata: { name, namespace } };
    try {
      return await api.create<StoredObject>(collection, object, { signal });
    } catch (cause) {
      if (!isApiError(cause, "forbidden")) throw cause;
      throw new Error(`${title} and may not be created; create it as manifests/base does`, { cause });
    }
  }

  /** The plan stands on the state that is known already, where that may do. */
  async function planNow<T>(plan: (object: StoredObject | undefined) => T | undefined, signal: AbortSignal) {
    const known = recent.toWriteOn();
    const planned = known && plan(known);
    if (planned !== undefined) return { object: known, planned };
    // That nothing is to be written, no server would contradict.
    const object = await readObject(signal);
    return { object, planned: plan(object) };
  }

  return {
    read: async (signal) => stateIn((await readObject(signal))?.metadata, annotation),
    readLately: async (signal) =>
      stateIn((recent.justNow() ?? (await readObject(signal)))?.metadata, annotation),
    async swap(change, signal) {
      const conflicts = createConflicts(conflictsInVainMax);
      for (;;) {
        const plan = (known?: StoredObject) => change(stateIn(known?.metadata, annotation));
        const { object, planned: wanted } = await planNow(plan, signal);
        const state = stateIn(object?.metadata, annotation);
        if (wanted === undefined) return state;
        conflicts.writeOn(state.lock);
        const asked = clock.elapsed();
        recent.forget();
        try {
          const { metadata } = object ?? (await createObject(signal));
          const patch = patchOf(metadata, wanted, place);
          const written = await write({ api, path }, patch, metadata?.resourceVersion, signal);
          onWrite("written");
          recent.keep(written, asked);
          return stateIn(written.metadata, annotation);
        } catch (error) {
          const isConflict = isApiError(error, "conflict", "already-exists");
          if (!signal.aborted) onWrite(isConflict ? "conflict" : "failed");
          if (!isConflict || conflicts.isTooMany()) throw error;
          await clock.sleep(backoffMs(conflicts.count, conflictRetry, random), signal);
        }
      }
    },
    watch(onState, onBreak, signal, spreadMs) {
      const onChange = (metadata?: StoredMetadata) => {
        recent.shown(metadata?.resourceVersion);
        onState(stateIn(metadata, annotation));
      };
      return watchObject(
        {
          api,
          clock,
          random,
          collection,
          name,
          onBreak,
          onChange,
          spreadMs,
          poll: { pauses: () => pollPauses },
        },
        signal,
      );
    },
  };
}

/**
 * Sends the patch; if that is not granted, writes the whole object, as kured does: as it is now, if that still is
 * the version that was read.
 */
async function write(
  { api, path }: { api: Api; path: string },
  patch: object,
  version: string | undefined,
  signal: AbortSignal,
): Promise<StoredObject> {
  const written = await unlessNotGranted(() => api.patch<StoredObject>(path, patch, { signal }), undefined);
  if (written !== undefined) return written;
  const whole = await api.getWhole<StoredObject>(path, { signal });
  if (whole.metadata?.resourceVersion !== version) {
    throw new ApiError(`update ${path}: somebody else has changed it`, { code: "conflict" });
  }
  return await api.update<StoredObject>(path, merged(whole, patch), { signal });
}

/** Pure: the state of the lock that an object's metadata carries; of no object, a free lock. */
export function stateIn(
  { annotations = {}, resourceVersion }: StoredMetadata = {},
  annotation: string,
): LockObjectState {
  return {
    version: resourceVersion,
    lock: parseLock(annotations[annotation]),
    failures: parseFailures(annotations[contract.failures.key]),
    unlocked: parseUnlocked(annotations[contract.unlocked.key]),
    lastRebootAt: parseLastReboot(annotations[contract.lastReboot.key]),
    paused: annotations[contract.paused.key],
    misread: misreadBesideLock(annotations, annotation),
  };
}

/** Pure: the state once the change was written. */
export function stateAfter(
  state: LockObjectState,
  { lock, failures, unlocked, lastRebootAt, paused }: LockObjectChange,
): LockObjectState {
  return {
    ...state,
    ...(lock !== undefined && { lock: lockAfter(lock, state.lock) }),
    ...(failures !== undefined && { failures: { state: "readable", failed: failures } as const }),
    ...(unlocked !== undefined && { unlocked }),
    ...(lastRebootAt !== undefined && { lastRebootAt }),
    ...(paused !== undefined && { paused: paused ?? undefined }),
  };
}

/** Pure: the one merge patch that makes the change to an object with this metadata. */
export function patchOf(
  metadata: StoredMetadata | undefined,
  { lock, failures, unlocked, lastRebootAt, paused }: LockObjectChange,
  { kind, annotation }: Pick<LockPlace, "kind" | "annotation">,
): object {
  const annotations = {
    ...(lock !== undefined && {
      [annotation]: writeLock(lock, parseLock(metadata?.annotations?.[annotation])),
    }),
    ...(failures !== undefined && { [contract.failures.key]: writeFailures(failures) }),
    ...(unlocked !== undefined && { [contract.unlocked.key]: writeUnlocked(unlocked) }),
    ...(lastRebootAt !== undefined && { [contract.lastReboot.key]: iso(lastRebootAt) }),
    ...(paused !== undefined && { [contract.paused.key]: paused }),
  };
  const holders = lock?.holders.map(({ nodeID }) => nodeID).join(",") || null;
  const shown = lock === undefined ? {} : lockKinds[kind].show?.(holders);
  return { metadata: { resourceVersion: metadata?.resourceVersion, annotations }, ...shown };
}
