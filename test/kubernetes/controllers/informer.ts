import { isApiError, type WatchEvent } from "../../../daemon/cluster/api.ts";
import { backoffMs } from "../../../daemon/time/backoff.ts";
import { keyOf, type StoredObject } from "./objects.ts";
import type { Ports } from "./ports.ts";

const retry = { firstMs: 50, maxMs: 5000 };

/** `now` is undefined when the object is gone, `before` when it is new. */
export type Changed<T> = (change: { key: string; now?: T; before?: T }) => void;

/** A copy of a collection that is kept up to date: one LIST, then a WATCH for as long as that lasts. */
export interface Informer<T> {
  get(key: string): T | undefined;
  all(): T[];
  onChange(handler: Changed<T>): void;
  /** Enters the answer to an own write, so that the next decision does not rest on the time before it. */
  enter(object: T): void;
  /** Resolves when the first LIST is in. */
  synced: Promise<void>;
  /** Resolves when the signal has ended it. */
  done: Promise<void>;
}

export interface InformerOptions {
  collection: string;
  fieldSelector?: string;
  /** Told of each break; the informer goes on by itself. */
  onBreak?: (error: unknown) => void;
}

export function startInformer<T extends StoredObject>(ports: Ports, options: InformerOptions): Informer<T> {
  const { api, clock, random, signal } = ports;
  const { collection, fieldSelector, onBreak = () => {} } = options;
  const copy = createCopy<T>();
  const synced = Promise.withResolvers<void>();
  let listed: string | undefined;
  let failures = 0;

  async function list(): Promise<string> {
    const answer = await api.list<T>(collection, { signal, query: { fieldSelector } });
    const version = Number(answer.metadata?.resourceVersion);
    copy.replaceAll(answer.items, version);
    synced.resolve();
    return String(version);
  }

  async function watch(resourceVersion: string): Promise<void> {
    const query = { fieldSelector, resourceVersion };
    for await (const { type, object } of api.watch<T>(collection, { signal, query })) {
      failures = 0;
      listed = object.metadata.resourceVersion;
      copy.see(type, object);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        listed ??= await list();
        await watch(listed);
      } catch (error) {
        if (signal.aborted) break;
        if (!isApiError(error)) throw error;
        // What the server has forgotten cannot be caught up with; any other break goes on from the last version.
        if (error.code === "expired") listed = undefined;
        onBreak(error);
      }
      failures += 1;
      await clock.sleep(backoffMs(failures, retry, random), signal).catch(() => {});
    }
    synced.resolve();
  }

  const { get, all, onChange, enter } = copy;
  return { get, all, onChange, enter, synced: synced.promise, done: run() };
}

/** The copy itself, and those that are told of its changes. */
function createCopy<T extends StoredObject>() {
  const objects = new Map<string, T>();
  const handlers: Changed<T>[] = [];
  /** The newest version that LIST or WATCH has shown. */
  let newest = 0;

  function put(object: T): void {
    const key = keyOf(object);
    const before = objects.get(key);
    objects.set(key, object);
    for (const handler of handlers) handler({ key, now: object, ...(before && { before }) });
  }

  function drop(key: string): void {
    const before = objects.get(key);
    if (before === undefined || !objects.delete(key)) return;
    for (const handler of handlers) handler({ key, before });
  }

  /** An own write may have been entered before the watch has come to it. */
  const isOlder = (version: number, key: string) => version < versionOf(objects.get(key));

  return {
    get: (key: string) => objects.get(key),
    all: () => [...objects.values()],
    onChange(handler: Changed<T>): void {
      handlers.push(handler);
      for (const [key, now] of objects) handler({ key, now });
    },
    enter(object: T): void {
      // What the watch has already passed was seen by it, also its end.
      if (versionOf(object) > newest && !isOlder(versionOf(object), keyOf(object))) {
        objects.set(keyOf(object), object);
      }
    },
    /** Takes over the answer to a LIST. */
    replaceAll(items: readonly T[], version: number): void {
      newest = Math.max(newest, version);
      const found = new Set(items.map(keyOf));
      for (const [key, object] of objects) if (!found.has(key) && versionOf(object) <= version) drop(key);
      for (const object of items)
        if (versionOf(object) !== versionOf(objects.get(keyOf(object)))) put(object);
    },
    /** Takes over an event of a WATCH. */
    see(type: WatchEvent<T>["type"], object: T): void {
      const version = versionOf(object);
      newest = Math.max(newest, version);
      if (type === "BOOKMARK" || isOlder(version, keyOf(object))) return;
      if (type === "DELETED") drop(keyOf(object));
      else put(object);
    },
  };
}

/** Versions of one collection can be compared: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions */
function versionOf(object: StoredObject | undefined): number {
  return object === undefined ? 0 : Number(object.metadata.resourceVersion);
}
