import { type BackoffLimits, backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";
import { linked } from "../time/linked.ts";
import {
  type Api,
  type CallOptions,
  isApiError,
  retryAfterOf,
  unlessNotFound,
  type WatchEvent,
} from "./api.ts";
import type { Metadata, PartialObjectMetadata } from "./objects.ts";
import type { Outage } from "./outage.ts";
import { pagesOf } from "./pages.ts";
import { createReads, type Poll, stateText } from "./poll.ts";

export interface InformerOptions<Whole, T> {
  api: Api;
  clock: Clock;
  random: Random;
  /** Path of the collection, such as `/api/v1/nodes`. */
  collection: string;
  query: NonNullable<CallOptions["query"]>;
  metadataOnly?: "object";
  /** Reduces an object to the parts that are needed. */
  keep: (object: Whole) => T;
  /** Without it, each watch begins with the existing objects. */
  list?: {
    /**
     * The list is repeated after this time: a watch may be silently broken, for example after a restore of
     * the server.
     */
    trustMs: number;
    /** Limits the objects of a page, for large ones. */
    pageSizeMax?: number;
    /** The whole collection, page by page: at the start, and whenever changes may have been missed. */
    onPages: (pages: AsyncIterable<readonly T[]>) => Promise<void>;
  };
  onEvent: (type: Exclude<WatchEvent<T>["type"], "BOOKMARK">, object: T) => void | Promise<void>;
  /** The server has accepted the watch. */
  onOpen?: () => void;
  /**
   * Called for each failure; the informer retries by itself. Until the next event or list, changes and
   * deletions may be missed.
   */
  onBreak: (error: unknown) => void;
  pauses?: Partial<Pauses>;
  /** For a daemon that does without the right to watch; without it that is a failure like any other. */
  poll?: Poll;
  /**
   * The time over which thousands of watches like this one come back when a server ends all of them at once;
   * milliseconds. Without it they come back at once.
   */
  spreadMs?: (() => number) | undefined;
  /** Ends the pause after a failure before its time, once the server answers again; see {@link Outage.ended}. */
  mended?: Outage["ended"] | undefined;
}

/** The pauses before the next try. */
interface Pauses {
  /** After an orderly end, for the case of a server that ends each watch at once. */
  ended: BackoffLimits;
  broken: BackoffLimits;
  /** After a refusal, which a rule or a proxy will most probably repeat. */
  refused: BackoffLimits;
}

/**
 * A server ends each watch after half an hour to an hour, by chance, so those are spread: one that ends sooner was
 * ended with others.
 */
const ordinaryMs = 25 * 60_000;

/** Watches that a server has ended with its own end come back over this time, where nobody waits for what they show. */
export const restartSpreadMs = 60_000;

const usualPauses: Pauses = {
  ended: { firstMs: 500, maxMs: 60_000 },
  broken: { firstMs: 2000, maxMs: 75_000 },
  refused: { firstMs: 2000, maxMs: 3 * 60_000 },
};

/**
 * Reports the changes of a collection until the signal ends it. With a list, a watch continues from the last
 * observed version. The list is repeated if the server has forgotten that version, if an event could not be
 * handled, or if the last list is too old.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export async function runInformer<Whole extends { metadata?: Metadata }, T>(
  {
    api,
    clock,
    random,
    collection,
    query,
    list,
    keep,
    onEvent,
    onBreak,
    poll,
    mended,
    spreadMs: spread,
    ...informed
  }: InformerOptions<Whole, T>,
  signal: AbortSignal,
): Promise<void> {
  const pauses = { ...usualPauses, ...informed.pauses };
  const asked = informed.metadataOnly && { metadataOnly: informed.metadataOnly };
  let version: string | undefined;
  let listedAt = 0;
  const reads = createReads(clock, random);

  async function* pages(): AsyncIterable<readonly T[]> {
    let listed: string | undefined;
    const size = list?.pageSizeMax;
    const states: string[] = [];
    for await (const { items, metadata } of pagesOf<Whole>(api, collection, { signal, query }, size, size)) {
      listed = metadata.resourceVersion;
      states.push(...items.map(stateText));
      yield items.map(keep);
    }
    version = listed;
    reads.isNews(states.join());
  }

  /** A list was read just before the watch was refused. */
  async function pollOnce({ object: path, onRead }: Poll): Promise<void> {
    if (path !== undefined) {
      const object = await unlessNotFound(() => api.get<Whole>(path, { ...asked, signal }));
      const isNews = reads.isNews(object === undefined ? "" : stateText(object));
      if (isNews) await onEvent(object === undefined ? "DELETED" : "MODIFIED", keep(object ?? ({} as Whole)));
    }
    informed.onOpen?.();
    onRead?.();
    version = undefined;
  }

  let hasExpired = false;
  for (let failures = 0; !signal.aborted; ) {
    const watching = linked(signal);
    const openedAt = clock.elapsed();
    let atLeastMs = 0;
    let pause = pauses.ended;
    try {
      if (list !== undefined) {
        if (version === undefined) {
          listedAt = clock.elapsed();
          await list.onPages(pages());
        }
        const trustedMs = listedAt + list.trustMs - clock.elapsed();
        clock.sleep(trustedMs, watching.signal).then(watching.end, () => {});
      }
      const watch = api.watch<Whole>(collection, {
        ...asked,
        signal: watching.signal,
        query: { ...query, resourceVersion: version },
        ...(informed.onOpen && { onOpen: informed.onOpen }),
      });
      try {
        for await (const { type, object } of watch) {
          version = undefined;
          if (type !== "BOOKMARK") await onEvent(type, keep(object));
          if (list !== undefined) version = object.metadata?.resourceVersion;
          failures = 0;
          hasExpired = false;
        }
      } catch (error) {
        if (poll === undefined || !isApiError(error, "not-granted")) throw error;
        await pollOnce(poll);
        failures = 0;
        await reads.awaitNext(poll, signal);
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (watching.signal.aborted) {
        version = undefined;
        continue;
      }
      if (isApiError(error, "expired")) {
        version = undefined;
        // The server is well, and has only forgotten: what is there now is listed at once. A second time is a failure.
        failures = hasExpired ? failures : 0;
        hasExpired = true;
      }
      const isRefused = isApiError(error, "forbidden", "unauthorized", "too-many-requests");
      pause = isRefused ? pauses.refused : pauses.broken;
      atLeastMs = retryAfterOf(error);
      onBreak(error);
    } finally {
      watching.end();
    }
    failures += 1;
    const isAlone = failures === 1 && clock.elapsed() - openedAt >= ordinaryMs;
    const spreadMs = isAlone || spread === undefined ? 0 : spreadPauseMs(failures, spread(), random);
    const ms = Math.max(atLeastMs, backoffMs(failures, pause, random), spreadMs);
    await rest({ clock, mended }, { ms, atLeastMs }, signal);
  }
}

/** The first pause is any part of the time, and those after it are long: so the load is even while the server is away. */
function spreadPauseMs(failures: number, spreadMs: number, random: Random): number {
  return spreadMs === 0 ? 0 : spreadMs * (failures === 1 ? random() : 1 - random() / 2);
}

/** The pause, which a server that answers again ends, but no sooner than a server has asked for. */
async function rest(
  { clock, mended }: Pick<InformerOptions<never, never>, "clock" | "mended">,
  { ms, atLeastMs }: { ms: number; atLeastMs: number },
  signal: AbortSignal,
): Promise<void> {
  if (atLeastMs > 0) await clock.sleep(atLeastMs, signal).catch(() => {});
  const { signal: resting, end } = linked(signal);
  const slept = clock.sleep(ms - atLeastMs, resting).catch(() => {});
  await (mended === undefined ? slept : Promise.race([slept, mended(resting)]));
  end();
}

export interface WatchedObject
  extends Pick<
    InformerOptions<never, never>,
    "api" | "clock" | "random" | "collection" | "onBreak" | "pauses" | "mended" | "spreadMs"
  > {
  name: string;
  /** For a daemon that does without the right to watch. */
  poll?: Omit<Poll, "object">;
  /**
   * Called with the metadata at the start and at each change, and with undefined if the object is deleted.
   */
  onChange: (metadata: PartialObjectMetadata["metadata"]) => void;
  /** The server has accepted the watch, or a read in its place. */
  onOpen?: () => void;
  /** The same after a failure. */
  onReopened?: () => void;
}

/**
 * Reports the metadata of one object until the signal ends it. Each watch starts without a version, with the
 * object as it is then: an old version may be forgotten, or may lie in the future after a restore of etcd
 * from a backup, so that the watch stays silent.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
 */
export async function watchObject(
  { name, onChange, onOpen, onReopened, onBreak, poll, ...ports }: WatchedObject,
  signal: AbortSignal,
): Promise<void> {
  let isBroken = false;
  const informed: InformerOptions<PartialObjectMetadata, PartialObjectMetadata> = {
    ...ports,
    query: { fieldSelector: `metadata.name=${name}` },
    metadataOnly: "object",
    ...(poll && { poll: { ...poll, object: `${ports.collection}/${encodeURIComponent(name)}` } }),
    keep: (object) => object,
    onEvent: (type, { metadata }) => onChange(type === "DELETED" ? undefined : metadata),
    onOpen() {
      onOpen?.();
      if (isBroken) onReopened?.();
      isBroken = false;
    },
    onBreak(error) {
      isBroken = true;
      onBreak(error);
    },
  };
  await runInformer(informed, signal);
}
