import { type BackoffLimits, backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";
import { linked } from "../time/linked.ts";
import { type Api, type CallOptions, isApiError, retryAfterOf, type WatchEvent } from "./api.ts";
import type { Metadata, PartialObjectMetadata } from "./objects.ts";
import { pagesOf } from "./pages.ts";

export interface Informed<Whole, T> {
  api: Api;
  clock: Clock;
  random: Random;
  /** Path of the collection, such as `/api/v1/nodes`. */
  collection: string;
  query: NonNullable<CallOptions["query"]>;
  metadataOnly?: "object";
  /** What is kept of an object. */
  keep: (object: Whole) => T;
  /** Where it is not given, each watch begins with what there is. */
  list?: {
    /** So long it and its watch are believed: a connection whose other end is gone says nothing, and one after a restore of the server neither. */
    trustMs: number;
    /** The whole collection, page by page: at the start, and whenever it may be that something was missed. */
    onPages: (pages: AsyncIterable<readonly T[]>) => Promise<void>;
  };
  onEvent: (type: Exclude<WatchEvent<T>["type"], "BOOKMARK">, object: T) => void | Promise<void>;
  /** The server has taken the watch. */
  onOpen?: () => void;
  /** Told of each break; it goes on by itself. Until the next event or list a change, and above all a deletion, may go unseen. */
  onBreak: (error: unknown) => void;
  rests?: Partial<Rests>;
}

/** How long it rests before the next try. */
interface Rests {
  /** Also after an orderly end: a server that ends each watch at once is not asked without pause. */
  ended: BackoffLimits;
  broken: BackoffLimits;
  /** By a rule or a proxy, and so mostly for good. */
  refused: BackoffLimits;
}

const usualRests: Rests = {
  ended: { firstMs: 500, maxMs: 60_000 },
  broken: { firstMs: 2000, maxMs: 75_000 },
  refused: { firstMs: 2000, maxMs: 3 * 60_000 },
};

/**
 * Tells of a collection until the signal ends it. With a list it watches on from the last version seen, and lists anew where that
 * version is forgotten, an event could not be dealt with, or the last list is too old.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export async function inform<Whole extends { metadata?: Metadata }, T>(
  { api, clock, random, collection, query, list, keep, onEvent, onBreak, ...informed }: Informed<Whole, T>,
  signal: AbortSignal,
): Promise<void> {
  const rests = { ...usualRests, ...informed.rests };
  const asked = informed.metadataOnly && { metadataOnly: informed.metadataOnly };
  let version: string | undefined;
  let listedAt = 0;

  async function* pages(): AsyncIterable<readonly T[]> {
    let listed: string | undefined;
    for await (const { items, metadata } of pagesOf<Whole>(api, collection, { signal, query })) {
      listed = metadata.resourceVersion;
      yield items.map(keep);
    }
    version = listed;
  }

  for (let failures = 0; !signal.aborted; ) {
    const watching = linked(signal);
    let atLeastMs = 0;
    let rest = rests.ended;
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
      for await (const { type, object } of watch) {
        version = undefined;
        if (type !== "BOOKMARK") await onEvent(type, keep(object));
        if (list !== undefined) version = object.metadata?.resourceVersion;
        failures = 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (watching.signal.aborted) {
        version = undefined;
        continue;
      }
      if (isApiError(error, "expired")) version = undefined;
      const isRefused = isApiError(error, "forbidden", "unauthorized", "too-many-requests");
      rest = isRefused ? rests.refused : rests.broken;
      atLeastMs = retryAfterOf(error);
      onBreak(error);
    } finally {
      watching.end();
    }
    failures += 1;
    await clock.sleep(Math.max(atLeastMs, backoffMs(failures, rest, random)), signal).catch(() => {});
  }
}

export interface InformedOfObject
  extends Pick<Informed<never, never>, "api" | "clock" | "random" | "collection" | "onBreak"> {
  name: string;
  /** Called with the metadata at the start, at each change, and with undefined when the object is deleted. */
  onChange: (metadata: PartialObjectMetadata["metadata"]) => void;
  /** The server takes the watch again after a break. */
  onMended?: () => void;
}

/**
 * Tells of the metadata of one object until the signal ends it. Each watch starts anew, with the object as it is then: a version from
 * before may be forgotten, or, once etcd was restored from a backup, lie in the future, where a watch stays silent.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch
 */
export async function informOfObject(
  { name, onChange, onMended, onBreak, ...ports }: InformedOfObject,
  signal: AbortSignal,
): Promise<void> {
  let isBroken = false;
  const informed: Informed<PartialObjectMetadata, PartialObjectMetadata> = {
    ...ports,
    query: { fieldSelector: `metadata.name=${name}` },
    metadataOnly: "object",
    keep: (object) => object,
    onEvent: (type, { metadata }) => onChange(type === "DELETED" ? undefined : metadata),
    onOpen() {
      if (isBroken) onMended?.();
      isBroken = false;
    },
    onBreak(error) {
      isBroken = true;
      onBreak(error);
    },
  };
  await inform(informed, signal);
}
