import { type Api, type CallOptions, isApiError } from "./api.ts";
import type { List } from "./objects.ts";

/** A page of pods is about a megabyte: so much memory a list takes, however long it is. */
export const pageSize = 250;
/** Objects may be a thousand times as large: then a page has so few of them as to be no larger than this. */
const pageChars = 4 * 1024 * 1024;
/** After an answer that was too large a page has so many times fewer. */
const fewer = 8;

/**
 * A collection, page by page; the first one may be smaller. A page is asked for anew with fewer objects where it is too large to be read.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
export async function* pagesOf<T>(
  api: Api,
  collection: string,
  options: CallOptions,
  firstSize = pageSize,
): AsyncIterable<List<T>> {
  let limit = firstSize;
  let next: string | undefined;
  do {
    const page = await pageOf<T>(api, collection, options, limit, next);
    const { items, size = 0, metadata } = page;
    const perItem = Math.max(size, 1) / Math.max(items.length, 1);
    yield page;
    limit = Math.max(1, Math.min(pageSize, Math.floor(pageChars / perItem)));
    next = metadata.continue;
  } while (next !== undefined);
}

async function pageOf<T>(
  api: Api,
  collection: string,
  options: CallOptions,
  limit: number,
  next: string | undefined,
): Promise<List<T>> {
  for (let most = limit; ; most = Math.max(1, Math.floor(most / fewer))) {
    try {
      const query = { ...options.query, limit: most, continue: next };
      return await api.list<T>(collection, { ...options, query });
    } catch (error) {
      if (!isApiError(error, "too-large") || most === 1) throw error;
    }
  }
}

/** What is kept of each object of a collection, all pages together; an object is kept whole unless `keep` says less. */
export async function listAll<T, Kept = T>(
  api: Api,
  collection: string,
  options: CallOptions,
  keep: (item: T) => Kept = (item) => item as unknown as Kept,
): Promise<readonly Kept[]> {
  const all: Kept[] = [];
  for await (const { items } of pagesOf<T>(api, collection, options)) all.push(...items.map(keep));
  return all;
}
