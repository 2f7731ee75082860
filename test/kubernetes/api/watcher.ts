/**
 * One watch: the changes after a version, filtered, in order.
 * A watch that nobody reads holds at most `queueMax` events; then the server ends it, as the real one does.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { createEventQueue } from "./event-queue.ts";
import type { Form } from "./forms.ts";
import type { KubeObject } from "./object.ts";
import type { ListOptions } from "./options.ts";
import type { Resource } from "./resource.ts";
import { matchesFields, matchesLabels } from "./selectors.ts";
import { type ApiError, expired } from "./status.ts";
import type { Change, Store } from "./store.ts";
import type { Random, Timers } from "./timing.ts";
import { createEventWriter, type EventWriter } from "./watch-event.ts";

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
  request: WatchRequest,
  forget: () => void,
): Watcher {
  const { resource, options, delayMs, signal } = request;
  const single = options.fields.find(({ field, equals }) => equals && indexed.includes(field));
  const queue = createEventQueue(timers);
  const write = createEventWriter(request, timers);
  let isOpen = true;
  let after = 0;
  let breaksNext = false;
  let room = settings.queueMax;

  function end(how: "closed" | "cut"): void {
    if (!isOpen) return;
    isOpen = false;
    schedule.cancel();
    signal.removeEventListener("abort", onAbort);
    forget();
    watcher.onEnd?.();
    queue.end(how);
  }
  const onAbort = () => end("cut");

  function send(event: string): void {
    if (!isOpen) return;
    if (breaksNext || queue.size >= room) end(breaksNext ? "cut" : "closed");
    else queue.push(event, delayMs());
  }

  const sendBookmark = () => send(write.bookmark(String(Math.max(store.versionOf(resource.store), after))));
  const schedule = createSchedule(timers, settings, {
    onBookmark: sendBookmark,
    onEnd: () => end("closed"),
  });

  function see(change: Change): void {
    for (const text of textsOf(change, after, request, write)) send(text);
  }

  function start(): void {
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) {
      end("cut");
      return;
    }
    schedule.start(options, random);
    const beginning = beginningOf(store, request, write);
    // These are there at once, and do not count as a reader's delay.
    room = Number.POSITIVE_INFINITY;
    beginning.events.forEach(send);
    after = beginning.after;
    if (beginning.isTooOld) end("closed");
    room = settings.queueMax + queue.size;
  }

  const watcher: Watcher = {
    index: single && `${single.field}=${single.value}`,
    onEnd: undefined,
    see,
    start,
    chunks: () => queue.chunks(() => end("closed")),
    cut: () => end("cut"),
    cutAtNextEvent() {
      breaksNext = true;
    },
  };
  return watcher;
}

interface Beginning {
  events: string[];
  /** The version up to which they tell. */
  after: number;
  isTooOld?: boolean;
}

/** The events that the watch begins with: all objects, or the changes after the version that the client has. */
function beginningOf(store: Store, request: WatchRequest, write: EventWriter): Beginning {
  const { resource, prefix, options } = request;
  const version = Number(options.resourceVersion);
  if (options.sendInitialEvents || version === 0) {
    const after = store.versionOf(resource.store);
    const objects = store.list(resource.store, prefix).map(([, object]) => object);
    const events = objects
      .filter((object) => matches(object, request))
      .map((object) => write.object("ADDED", object));
    const marksEnd = options.sendInitialEvents && options.allowWatchBookmarks;
    if (marksEnd) events.push(write.bookmark(String(after), { "k8s.io/initial-events-end": "true" }));
    return { events, after };
  }
  const missed = store.since(resource.store, version);
  if (missed) {
    return { events: missed.flatMap((change) => textsOf(change, version, request, write)), after: version };
  }
  const error = write.error(tooOld(resource, version, store.oldest(resource.store)));
  return { events: [error], after: version, isTooOld: true };
}

function textsOf(change: Change, after: number, request: WatchRequest, write: EventWriter): string[] {
  if (change.version <= after || !change.key.startsWith(request.prefix)) return [];
  return eventsOf(change, request).map(([type, object]) => write.object(type, object));
}

function matches(object: KubeObject, { options, resource }: WatchRequest): boolean {
  return (
    matchesLabels(options.labels, object.metadata.labels) &&
    matchesFields(options.fields, resource.selectable, object)
  );
}

/** Pure: the events that a change is to a watch with selectors. */
function eventsOf(
  { type, object, previous }: Change,
  request: WatchRequest,
): ["ADDED" | "MODIFIED" | "DELETED", KubeObject][] {
  const before = previous !== undefined && matches(previous, request);
  const now = type !== "DELETED" && matches(object, request);
  if (now) return [[before ? "MODIFIED" : "ADDED", object]];
  if (!before || !previous) return [];
  // An object that leaves the selection is shown as it was, under the version in which it left.
  const { resourceVersion } = object.metadata;
  return [["DELETED", { ...previous, metadata: { ...previous.metadata, resourceVersion } }]];
}

function tooOld({ cached }: Resource, version: number, oldest: number): ApiError {
  return expired(
    cached
      ? `too old resource version: ${version} (${oldest})`
      : "The resourceVersion for the provided watch is too old.",
  );
}

/** The timers of a watch: its end, and bookmarks about every minute and two seconds before the end. */
function createSchedule(
  timers: Timers,
  { bookmarkIntervalMs }: WatchSettings,
  { onBookmark, onEnd }: { onBookmark: () => void; onEnd: () => void },
) {
  const handles: unknown[] = [];
  let isOn = true;

  function bookmarkBefore(deadline: number): void {
    const last = deadline - 2000 - timers.now();
    const wait = last > 0 ? Math.min(last, bookmarkIntervalMs) : bookmarkIntervalMs;
    const handle = timers.setTimeout(() => {
      handles.pop();
      onBookmark();
      if (isOn) bookmarkBefore(deadline);
    }, wait);
    handles.push(handle);
  }

  return {
    start({ timeoutSeconds, allowWatchBookmarks }: ListOptions, random: Random): void {
      // Without a timeout of the client's the real server takes 30 to 60 minutes.
      const timeoutMs = timeoutSeconds ? timeoutSeconds * 1000 : 1_800_000 * (1 + random());
      const deadline = timers.now() + timeoutMs;
      handles.push(timers.setTimeout(onEnd, timeoutMs));
      if (allowWatchBookmarks) bookmarkBefore(deadline);
    },
    cancel(): void {
      isOn = false;
      for (const handle of handles) timers.clearTimeout(handle);
    },
  };
}
