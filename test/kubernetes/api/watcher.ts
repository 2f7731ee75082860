/**
 * One watch: the changes after a version, filtered, in order.
 * A watch that nobody reads holds at most `queueMax` events; then the server ends it, as the real one does.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { type Form, partialJson, wholeJson } from "./forms.ts";
import type { KubeObject } from "./object.ts";
import type { ListOptions } from "./options.ts";
import type { Resource } from "./resource.ts";
import { zeroOf } from "./schema.ts";
import { matchesFields, matchesLabels } from "./selectors.ts";
import { type ApiError, expired } from "./status.ts";
import type { Change, Store } from "./store.ts";
import { rowJson, tableJson } from "./tables.ts";
import type { Random, Timers } from "./timing.ts";

/** The connection went away without a proper end. */
export class ConnectionReset extends Error {
  readonly code = "ECONNRESET";
  constructor() {
    super("connection reset");
  }
}

export interface WatchRequest {
  resource: Resource;
  /** `namespace/` or "" for all. */
  prefix: string;
  options: ListOptions;
  form: Form;
  includeObject: string;
  /** How late the next event is to arrive; events on their way count as waiting. */
  delayMs: () => number;
  signal: AbortSignal;
}

export interface Watch {
  /** The answer as it arrives; it ends when the watch does. Throws ConnectionReset after a cut. */
  chunks(): AsyncIterable<string>;
  /** Breaks the connection. */
  cut(): void;
  /** Breaks the connection in place of the next event. */
  cutAtNextEvent(): void;
  /** Called once, when the watch has ended in any way. */
  onEnd: (() => void) | undefined;
}

export interface WatchSettings {
  queueMax: number;
  bookmarkIntervalMs: number;
}

export interface Watcher extends Watch {
  readonly index: string | undefined;
  see(change: Change): void;
  /** Sends what the watch begins with. */
  start(): void;
}

/** Watches on one name or one node are found by it: a write to one node must not be shown to thousands of others. */
export const indexed = ["metadata.name", "spec.nodeName"];

export function createWatcher(
  store: Store,
  timers: Timers,
  random: Random,
  settings: WatchSettings,
  { resource, prefix, options, form, includeObject, delayMs, signal }: WatchRequest,
  forget: () => void,
): Watcher {
  const single = options.fields.find(({ field, equals }) => equals && indexed.includes(field));
  const handles: unknown[] = [];
  let queue: string[] = [];
  /** When the entries of the queue arrive; shorter than the queue where nothing is late. */
  let due: number[] = [];
  let wake = () => {};
  let ended: "open" | "closed" | "cut" = "open";
  let after = 0;
  let headersSent = false;
  let breaksNext = false;
  /** What the watch starts with is there at once, and does not count as a reader's delay. */
  let room = settings.queueMax;

  const matches = (object: KubeObject) =>
    matchesLabels(options.labels, object.metadata.labels) &&
    matchesFields(options.fields, resource.selectable, object);

  function end(how: "closed" | "cut"): void {
    if (ended !== "open") return;
    ended = how;
    for (const handle of handles) timers.clearTimeout(handle);
    signal.removeEventListener("abort", onAbort);
    forget();
    watcher.onEnd?.();
    wake();
  }
  const onAbort = () => end("cut");

  function send(type: string, json: string): void {
    if (ended !== "open") return;
    if (breaksNext || queue.length >= room) {
      end(breaksNext ? "cut" : "closed");
      return;
    }
    queue.push(`{"type":"${type}","object":${json}}\n`);
    const late = delayMs();
    // Events keep their order: one behind a late one is late as well.
    if (late > 0 || due.length > 0) {
      while (due.length < queue.length - 1) due.push(0);
      due.push(Math.max(due.at(-1) ?? 0, timers.now() + late));
    }
    wake();
  }

  function sendObject(type: string, object: KubeObject): void {
    if (form !== "table") {
      send(type, form === "whole" ? wholeJson(resource, object) : partialJson(resource, object));
      return;
    }
    const rows = [rowJson(resource, object, includeObject, timers.now())];
    send(type, tableJson(resource, rows, { resourceVersion: object.metadata.resourceVersion }, !headersSent));
    headersSent = true;
  }

  function sendBookmark(annotations?: Record<string, string>): void {
    const resourceVersion = String(Math.max(store.versionOf(resource.store), after));
    const metadata = { resourceVersion, ...(annotations && { annotations }) };
    const object = { ...zeroOf(resource.type), metadata } as unknown as KubeObject;
    if (form === "table") send("BOOKMARK", tableJson(resource, [], { resourceVersion }, false));
    else send("BOOKMARK", form === "partial" ? partialJson(resource, object) : wholeJson(resource, object));
  }

  function sendError(error: ApiError): void {
    send("ERROR", JSON.stringify(error.status));
    end("closed");
  }

  function see({ type, version, key, object, previous }: Change): void {
    if (version <= after || !key.startsWith(prefix)) return;
    const before = previous !== undefined && matches(previous);
    const now = type !== "DELETED" && matches(object);
    if (now) sendObject(before ? "MODIFIED" : "ADDED", object);
    if (now || !before || !previous) return;
    // What leaves the selection is shown as it was, under the version in which it left.
    const { resourceVersion } = object.metadata;
    sendObject("DELETED", { ...previous, metadata: { ...previous.metadata, resourceVersion } });
  }

  function start(): void {
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) {
      end("cut");
      return;
    }
    schedule();
    const { resourceVersion, sendInitialEvents } = options;
    const version = Number(resourceVersion);
    room = Number.POSITIVE_INFINITY;
    startFrom(version, sendInitialEvents || version === 0);
    room = settings.queueMax + queue.length;
  }

  function startFrom(version: number, withInitial: boolean): void {
    if (withInitial) {
      for (const [, object] of store.list(resource.store, prefix))
        if (matches(object)) sendObject("ADDED", object);
      const marksEnd = options.sendInitialEvents && options.allowWatchBookmarks;
      if (marksEnd) sendBookmark({ "k8s.io/initial-events-end": "true" });
      after = store.versionOf(resource.store);
      return;
    }
    after = version;
    const missed = store.since(resource.store, version);
    if (missed) {
      missed.forEach(see);
      return;
    }
    const oldest = store.oldest(resource.store);
    sendError(
      expired(
        resource.cached
          ? `too old resource version: ${version} (${oldest})`
          : "The resourceVersion for the provided watch is too old.",
      ),
    );
  }

  function schedule(): void {
    // Without a timeout of the client's the real server takes 30 to 60 minutes.
    const timeoutMs = options.timeoutSeconds ? options.timeoutSeconds * 1000 : 1_800_000 * (1 + random());
    const deadline = timers.now() + timeoutMs;
    handles.push(timers.setTimeout(() => end("closed"), timeoutMs));
    if (options.allowWatchBookmarks) scheduleBookmark(deadline);
  }

  /** About every minute, and two seconds before the end. */
  function scheduleBookmark(deadline: number): void {
    const last = deadline - 2000 - timers.now();
    const wait = last > 0 ? Math.min(last, settings.bookmarkIntervalMs) : settings.bookmarkIntervalMs;
    const handle = timers.setTimeout(() => {
      handles.pop();
      sendBookmark();
      if (ended === "open") scheduleBookmark(deadline);
    }, wait);
    handles.push(handle);
  }

  async function* chunks(): AsyncIterable<string> {
    try {
      for (;;) {
        const arrived = ended === "cut" ? 0 : arrivedCount();
        if (arrived > 0) {
          due.splice(0, arrived);
          yield queue.splice(0, arrived).join("");
        } else if (queue.length > 0 && ended !== "cut") {
          await nextArrival();
        } else if (ended === "open") {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else if (ended === "cut") {
          throw new ConnectionReset();
        } else {
          return;
        }
      }
    } finally {
      queue = [];
      due = [];
      end("closed");
    }
  }

  function arrivedCount(): number {
    if (due.length === 0) return queue.length;
    const now = timers.now();
    const first = due.findIndex((moment) => moment > now);
    return first < 0 ? queue.length : first;
  }

  /** Returns when the first of the late events is there, or the connection has broken. */
  function nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      const handle = timers.setTimeout(resolve, (due[0] ?? 0) - timers.now());
      wake = () => {
        if (ended !== "cut") return;
        timers.clearTimeout(handle);
        resolve();
      };
    });
  }

  const watcher: Watcher = {
    index: single && `${single.field}=${single.value}`,
    onEnd: undefined,
    see,
    start,
    chunks,
    cut: () => end("cut"),
    cutAtNextEvent() {
      breaksNext = true;
    },
  };
  return watcher;
}
