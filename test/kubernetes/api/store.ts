/**
 * The objects, under one resourceVersion that only ever rises but for a restore, and the history of their changes.
 * The history is what watches start from and what old versions are shown from; it has a bound, and can be forgotten.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
import type { KubeObject } from "./object.ts";

export interface Change {
  version: number;
  type: "ADDED" | "MODIFIED" | "DELETED";
  key: string;
  /** With a deletion: the last state, under the version of the deletion. */
  object: KubeObject;
  previous: KubeObject | undefined;
}

export type Listener = (change: Change) => void;

interface Collection {
  objects: Map<string, KubeObject>;
  /** Keys in the order of a list; undefined after one has come or gone. */
  sorted: string[] | undefined;
  history: Change[];
  /** Changes up to this version are forgotten. */
  forgotten: number;
  /** How much lower versions of this resource are than the store's, since it was restored to an earlier state. */
  setBack: number;
  listeners: Set<Listener>;
}

export class Store {
  readonly #collections = new Map<string, Collection>();
  readonly #historyMax: number;
  #version = 0;

  /** `historyMax` is the number of changes remembered for each resource. */
  constructor(historyMax: number) {
    this.#historyMax = historyMax;
  }

  get version(): number {
    return this.#version;
  }

  /** The newest version as this resource counts; lower than the store's once it was restored. */
  versionOf(resource: string): number {
    return this.#version - this.#collection(resource).setBack;
  }

  get(resource: string, key: string): KubeObject | undefined {
    return this.#collection(resource).objects.get(key);
  }

  /** Entries below a prefix (`namespace/` or ""), in the order of their keys, as etcd has them. */
  list(resource: string, prefix = ""): [string, KubeObject][] {
    const collection = this.#collection(resource);
    collection.sorted ??= [...collection.objects.keys()].sort(byText);
    const { sorted, objects } = collection;
    const entries: [string, KubeObject][] = [];
    for (let i = prefix ? lowerBound(sorted, prefix) : 0; i < sorted.length; i++) {
      const key = sorted[i] as string;
      if (!key.startsWith(prefix)) break;
      entries.push([key, objects.get(key) as KubeObject]);
    }
    return entries;
  }

  /** The entries as they were at `version`; undefined when that is forgotten. */
  listAt(resource: string, prefix: string, version: number): [string, KubeObject][] | undefined {
    const collection = this.#collection(resource);
    if (version < collection.forgotten) return undefined;
    const past = new Map(this.list(resource, prefix));
    for (let i = collection.history.length - 1; i >= 0; i--) {
      const change = collection.history[i] as Change;
      if (change.version <= version) break;
      if (!change.key.startsWith(prefix)) continue;
      if (change.previous) past.set(change.key, change.previous);
      else past.delete(change.key);
    }
    return [...past].sort(([a], [b]) => byText(a, b));
  }

  /** Stores an object under the next version and returns it as stored. */
  put(resource: string, key: string, object: KubeObject): KubeObject {
    const collection = this.#collection(resource);
    const previous = collection.objects.get(key);
    const stored = this.#stamp(object, collection);
    collection.objects.set(key, stored);
    if (!previous) collection.sorted = undefined;
    this.#record(collection, {
      version: this.#version - collection.setBack,
      type: previous ? "MODIFIED" : "ADDED",
      key,
      object: stored,
      previous,
    });
    return stored;
  }

  /** Removes an object and returns its last state under the version of the deletion. */
  remove(resource: string, key: string): KubeObject | undefined {
    const collection = this.#collection(resource);
    const previous = collection.objects.get(key);
    if (!previous) return undefined;
    collection.objects.delete(key);
    collection.sorted = undefined;
    const object = this.#stamp(previous, collection);
    const version = this.#version - collection.setBack;
    this.#record(collection, { version, type: "DELETED", key, object, previous });
    return object;
  }

  /** All changes after `version`; undefined when some of them are forgotten. */
  since(resource: string, version: number): Change[] | undefined {
    const { history, forgotten } = this.#collection(resource);
    if (version < forgotten) return undefined;
    let start = history.length;
    while (start > 0 && (history[start - 1] as Change).version > version) start--;
    return history.slice(start);
  }

  /** The oldest version from which a watch can start. */
  oldest(resource: string): number {
    return this.#collection(resource).forgotten;
  }

  /** Calls `listener` after each change of the resource; returns how to end that. */
  subscribe(resource: string, listener: Listener): () => void {
    const { listeners } = this.#collection(resource);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Forgets all history up to now. */
  compact(): void {
    for (const collection of this.#collections.values()) {
      collection.history = [];
      collection.forgotten = this.#version - collection.setBack;
    }
  }

  /**
   * Puts one resource back to how it was at `version`, from where its versions go on: those that were given out since are
   * given out again, as after a restore of etcd. The resource then counts for itself, as one with an etcd of its own does
   * (`--etcd-servers-overrides`). Objects that are younger than the backup stay: nobody would make them anew here.
   * Answers false when the version is forgotten.
   */
  restore(resource: string, version: number): boolean {
    const past = this.listAt(resource, "", version);
    if (past === undefined) return false;
    const collection = this.#collection(resource);
    collection.setBack = this.#version - version;
    collection.history = [];
    collection.forgotten = version;
    collection.sorted = undefined;
    for (const [key, object] of past) {
      const previous = collection.objects.get(key);
      if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) continue;
      collection.objects.set(key, object);
      const type = previous ? "MODIFIED" : "ADDED";
      for (const listener of collection.listeners) listener({ version, type, key, object, previous });
    }
    return true;
  }

  #collection(resource: string): Collection {
    let collection = this.#collections.get(resource);
    if (!collection) {
      collection = {
        objects: new Map(),
        sorted: [],
        history: [],
        forgotten: 0,
        setBack: 0,
        listeners: new Set(),
      };
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  #stamp(object: KubeObject, { setBack }: Collection): KubeObject {
    this.#version++;
    const resourceVersion = String(this.#version - setBack);
    return { ...object, metadata: { ...object.metadata, resourceVersion } };
  }

  #record(collection: Collection, change: Change): void {
    collection.history.push(change);
    // Trimmed in large steps: dropping one at a time would copy the array with every write.
    if (collection.history.length > 2 * this.#historyMax) {
      const dropped = collection.history.splice(0, collection.history.length - this.#historyMax);
      collection.forgotten = dropped.at(-1)?.version ?? collection.forgotten;
    }
    for (const listener of collection.listeners) listener(change);
  }
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function lowerBound(sorted: string[], wanted: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
