/** The lock of kured 1.23 as kured reads and writes it, in both of its shapes: its structures, and its rules for entering. */
import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import type { Clock } from "../../daemon/time/clock.ts";

/** An entry has these fields and no other: what others have added is lost when kured writes it again. */
interface Entry {
  nodeID: string;
  metadata: { unschedulable: boolean };
  created: string;
  TTL: number;
}

interface Carrier {
  metadata: { annotations?: Record<string, string> };
}

export interface KuredLockOptions {
  node: string;
  /** Path of the DaemonSet that carries the lock. */
  daemonSet: string;
  /** Its own limit: above 1 the lock has the shape for several. */
  concurrency: number;
  clock: Clock;
  api: Api;
  random: () => number;
}

export interface KuredLock {
  /** Whether the lock has an entry of this node, and with what; rejects where it cannot be read. */
  holding(): Promise<{ unschedulable: boolean } | undefined>;
  /** Resolves with whether it is in now. */
  acquire(unschedulable: boolean): Promise<boolean>;
  /** Rejects where it is not in. */
  release(): Promise<void>;
}

const annotation = "weave.works/kured-node-lock";
const readAgain = { everyMs: 5000, forMs: 5 * 60_000 };
const conflictPauseMs = 1000;
/** Go's zero value of a time. */
const never = "0001-01-01T00:00:00Z";

export function createKuredLock(options: KuredLockOptions, signal: AbortSignal): KuredLock {
  const { node, daemonSet, concurrency, clock, api, random } = options;
  const shape = concurrency > 1 ? several(concurrency) : single;

  async function read(): Promise<{ carrier: Carrier; entries: readonly Entry[] }> {
    const until = clock.elapsed() + readAgain.forMs;
    for (;;) {
      try {
        const carrier = await api.getWhole<Carrier>(daemonSet, { signal });
        return { carrier, entries: shape.parse(carrier.metadata.annotations?.[annotation]) };
      } catch (error) {
        if (!isApiError(error) || clock.elapsed() >= until) throw error;
        await clock.sleep(readAgain.everyMs, signal);
      }
    }
  }

  /** An update of the whole object under the version that was read. */
  async function write(carrier: Carrier, value: string | undefined): Promise<void> {
    const annotations = { ...carrier.metadata.annotations };
    if (value === undefined) delete annotations[annotation];
    else annotations[annotation] = value;
    await api.update(daemonSet, { ...carrier, metadata: { ...carrier.metadata, annotations } }, { signal });
  }

  /** Again and again after a conflict. `change` answers undefined where nothing is to be written. */
  async function swap(change: (entries: readonly Entry[]) => readonly Entry[] | undefined): Promise<boolean> {
    for (;;) {
      const { carrier, entries } = await read();
      const wanted = change(entries);
      if (wanted === undefined) return false;
      try {
        await write(carrier, shape.write(wanted));
        return true;
      } catch (error) {
        if (!isApiError(error, "conflict")) throw error;
        await clock.sleep(conflictPauseMs, signal);
      }
    }
  }

  const isOwn = ({ nodeID }: Entry) => nodeID === node;

  return {
    async holding() {
      const { entries } = await read();
      return entries.find((entry) => isOwn(entry) && !isExpired(entry, clock.wall()))?.metadata;
    },
    async acquire(unschedulable) {
      const created = goTime(clock.wall(), random);
      let isIn = false;
      const entered = await swap((entries) => {
        const live = entries.filter((entry) => !isExpired(entry, clock.wall()));
        isIn = concurrency <= 1 && live.some(isOwn);
        if (isIn) return undefined;
        const others = concurrency > 1 && entries.length < concurrency ? entries : live;
        const isRefused = concurrency > 1 ? others.length >= concurrency : others.length > 0;
        return isRefused
          ? undefined
          : [...others, { nodeID: node, metadata: { unschedulable }, created, TTL: 0 }];
      });
      return entered || isIn;
    },
    async release() {
      const isDone = await swap((entries) => {
        const index = entries.findIndex(isOwn);
        return index < 0 ? undefined : entries.filter((_, at) => at !== index);
      });
      if (!isDone) throw new Error("not lock holder");
    },
  };
}

interface Shape {
  /** Throws where Go could not read it. */
  parse(annotation: string | undefined): readonly Entry[];
  /** Undefined removes the annotation. */
  write(entries: readonly Entry[]): string | undefined;
}

/** Whatever is not of this shape is held by a node without a name, for ever. */
const single: Shape = {
  parse: (text) => (text === undefined ? [] : [entryIn(JSON.parse(text))]),
  write: ([entry]) => (entry === undefined ? undefined : JSON.stringify(entry)),
};

/** Whatever is not of this shape holds nobody. */
const several = (maxOwners: number): Shape => ({
  parse: (text) => ((JSON.parse(text ?? "{}") as { locks?: object[] }).locks ?? []).map(entryIn),
  write: (locks) => JSON.stringify({ maxOwners, locks }),
});

function entryIn(value: Partial<Entry>): Entry {
  const { nodeID = "", metadata, created = never, TTL = 0 } = value;
  return {
    nodeID,
    metadata: { unschedulable: metadata?.unschedulable === true },
    created: trimmed(created),
    TTL,
  };
}

function isExpired({ created, TTL }: Entry, now: number): boolean {
  return TTL > 0 && now - Date.parse(created) >= TTL / 1e6;
}

/** A time as Go writes it: nanoseconds, without zeros at the end. */
function goTime(now: number, random: () => number): string {
  const below = String(Math.floor(random() * 1e6)).padStart(6, "0");
  return trimmed(new Date(now).toISOString().replace("Z", `${below}Z`));
}

function trimmed(time: string): string {
  return time.replace(/\.(\d*?)0*Z$/, (_, digits: string) => (digits === "" ? "Z" : `.${digits}Z`));
}
