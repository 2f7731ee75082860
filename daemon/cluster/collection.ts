import { type BackoffLimits, backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, type ApiError, type CallOptions, isApiError, type WatchEvent } from "./api.ts";
import type { Metadata } from "./objects.ts";
import { pagesOf } from "./pages.ts";

export interface Following<T> {
  api: Api;
  clock: Clock;
  random: Random;
  collection: string;
  query: NonNullable<CallOptions["query"]>;
  /** So long a watch is believed: a connection whose other end is gone says nothing, and one after a restore of the server neither. */
  trustMs: number;
  /** The whole collection, page by page: at the start, and whenever it may be that something was missed. */
  onPages: (pages: AsyncIterable<readonly T[]>) => Promise<void>;
  onEvent: (type: Exclude<WatchEvent<T>["type"], "BOOKMARK">, object: T) => Promise<void>;
  /** The server has taken the watch. */
  onOpen?: () => void;
  /** Told of each break; it goes on by itself. Until the next event or list, a change may go unseen. */
  onBreak?: (error: ApiError) => void;
  /** How it backs off after a break. */
  afterBreak?: BackoffLimits;
}

const retry = { firstMs: 500, maxMs: 60_000 };
/** A right to watch that is missing does not come within seconds. */
const forbiddenRetry = { firstMs: 10_000, maxMs: 60_000 };

/**
 * One list, then one watch that is resumed from the last version seen, until the signal ends it. Where that version is
 * forgotten, an event could not be dealt with, or the last list is older than `trustMs`, it lists anew. Rejects with what is no
 * answer of the API server.
 */
export async function followCollection<T extends { metadata?: Metadata }>(
  {
    api,
    clock,
    random,
    collection,
    query,
    trustMs,
    onPages,
    onEvent,
    onOpen,
    onBreak,
    afterBreak = retry,
  }: Following<T>,
  signal: AbortSignal,
): Promise<void> {
  let resourceVersion: string | undefined;
  let listedAt = clock.elapsed();
  for (let failures = 0; !signal.aborted; ) {
    let limits = retry;
    const trust = new AbortController();
    const end = () => trust.abort(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    try {
      if (resourceVersion === undefined) {
        let listed: string | undefined;
        listedAt = clock.elapsed();
        const pages = async function* () {
          for await (const { items, metadata } of pagesOf<T>(api, collection, { signal, query })) {
            listed = metadata?.resourceVersion;
            yield items;
          }
        };
        await onPages(pages());
        resourceVersion = listed;
      }
      clock.sleep(listedAt + trustMs - clock.elapsed(), trust.signal).then(end, () => {});
      const watched = { ...query, resourceVersion };
      const watch = api.watch<T>(collection, {
        signal: trust.signal,
        query: watched,
        ...(onOpen && { onOpen }),
      });
      for await (const { type, object } of watch) {
        resourceVersion = undefined;
        if (type !== "BOOKMARK") await onEvent(type, object);
        resourceVersion = object.metadata?.resourceVersion;
        failures = 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (trust.signal.aborted) {
        resourceVersion = undefined;
        continue;
      }
      if (!isApiError(error)) throw error;
      if (isApiError(error, "expired")) resourceVersion = undefined;
      const isForbidden = isApiError(error, "forbidden") && resourceVersion !== undefined;
      limits = isForbidden ? forbiddenRetry : afterBreak;
      onBreak?.(error);
    } finally {
      signal.removeEventListener("abort", end);
      end();
    }
    // Also after an orderly end: a server that ends each watch at once is not asked without pause.
    failures += 1;
    await clock.sleep(backoffMs(failures, limits, random), signal).catch(() => {});
  }
}
