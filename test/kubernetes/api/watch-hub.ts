/** All open watches, and which of them a change concerns. */
import { at } from "./object.ts";
import type { Change, Store } from "./store.ts";
import type { Random, Timers } from "./timing.ts";
import {
  createWatcher,
  indexed,
  type Watch,
  type Watcher,
  type WatchRequest,
  type WatchSettings,
} from "./watcher.ts";

export interface WatchHub {
  open(request: WatchRequest): Watch;
  /** Breaks all watches now. */
  cutAll(): void;
  readonly size: number;
}

export function createWatchHub(
  store: Store,
  timers: Timers,
  random: Random,
  settings: WatchSettings,
): WatchHub {
  const watchers = new Map<string, Map<string | undefined, Set<Watcher>>>();
  let size = 0;

  function watchersOf(resource: string): Map<string | undefined, Set<Watcher>> {
    let known = watchers.get(resource);
    if (!known) {
      known = new Map();
      watchers.set(resource, known);
      store.subscribe(resource, (change) => dispatch(resource, change));
    }
    return known;
  }

  function dispatch(resource: string, change: Change): void {
    const byIndex = watchersOf(resource);
    const keys = new Set<string | undefined>([undefined]);
    for (const object of [change.object, change.previous]) {
      for (const field of indexed) keys.add(`${field}=${at(object, ...field.split(".")) ?? ""}`);
    }
    for (const key of keys) for (const watcher of byIndex.get(key) ?? []) watcher.see(change);
  }

  function open(request: WatchRequest): Watch {
    const byIndex = watchersOf(request.resource.store);
    const watcher = createWatcher(store, timers, random, settings, request, () => {
      byIndex.get(watcher.index)?.delete(watcher);
      if (byIndex.get(watcher.index)?.size === 0) byIndex.delete(watcher.index);
      size--;
    });
    const same = byIndex.get(watcher.index) ?? new Set();
    byIndex.set(watcher.index, same.add(watcher));
    size++;
    watcher.start();
    return watcher;
  }

  return {
    open,
    cutAll() {
      const all = [...watchers.values()].flatMap((byIndex) =>
        [...byIndex.values()].flatMap((set) => [...set]),
      );
      for (const watcher of all) watcher.cut();
    },
    get size() {
      return size;
    },
  };
}
