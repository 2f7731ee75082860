import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, type CallOptions, isApiError, type WatchEvent } from "./api.ts";
import type { Metadata } from "./objects.ts";
import { pagesOf } from "./pages.ts";

export interface Following<T> {
  api: Api;
  clock: Clock;
  random: Random;
  collection: string;
  query: NonNullable<CallOptions["query"]>;
  /** The whole collection, page by page: at the start, and whenever it may be that something was missed. */
  onPages: (pages: AsyncIterable<readonly T[]>) => Promise<void>;
  onEvent: (type: Exclude<WatchEvent<T>["type"], "BOOKMARK">, object: T) => Promise<void>;
}

const retry = { firstMs: 500, maxMs: 60_000 };

/**
 * One list, then one watch that is resumed from the last version seen, until the signal ends it. Where that version is
 * forgotten, or an event could not be dealt with, it lists anew. Rejects with what is no answer of the API server.
 */
export async function followCollection<T extends { metadata?: Metadata }>(
  { api, clock, random, collection, query, onPages, onEvent }: Following<T>,
  signal: AbortSignal,
): Promise<void> {
  let resourceVersion: string | undefined;
  for (let failures = 0; !signal.aborted; ) {
    try {
      if (resourceVersion === undefined) {
        let listed: string | undefined;
        const pages = async function* () {
          for await (const { items, metadata } of pagesOf<T>(api, collection, { signal, query })) {
            listed = metadata?.resourceVersion;
            yield items;
          }
        };
        await onPages(pages());
        resourceVersion = listed;
      }
      const watch = api.watch<T>(collection, { signal, query: { ...query, resourceVersion } });
      for await (const { type, object } of watch) {
        resourceVersion = undefined;
        if (type !== "BOOKMARK") await onEvent(type, object);
        resourceVersion = object.metadata?.resourceVersion;
        failures = 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isApiError(error)) throw error;
      if (isApiError(error, "expired")) resourceVersion = undefined;
    }
    // Also after an orderly end: a server that ends each watch at once is not asked without pause.
    failures += 1;
    await clock.sleep(backoffMs(failures, retry, random), signal).catch(() => {});
  }
}
