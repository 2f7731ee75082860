import { type Api, type CallOptions, isApiError } from "./api.ts";
import type { List } from "./objects.ts";

/** A page of pods is about a megabyte, which bounds the memory for a list of any length. */
export const pageSize = 250;
/** The size limit of a page. Objects may be a thousand times as large; then a page has fewer of them. */
const pageChars = 4 * 1024 * 1024;
/** The number of objects on a page is divided by this after an answer that was too large. */
const fewer = 8;

/**
 * A collection, page by page; the first page may be smaller, and none has more than `mostSize` objects. A page that is too large is requested again with
 * fewer objects.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
export async function* pagesOf<T>(
  api: Api,
  collection: string,
  options: CallOptions,
  firstSize = pageSize,
  mostSize = pageSize,
): AsyncIterable<List<T>> {
  let limit = Math.min(firstSize, mostSize);
  let next: string | undefined;
  do {
    const page = await pageOf<T>(api, collection, options, limit, next);
    const { items, size = 0, metadata } = page;
    const perItem = Math.max(size, 1) / Math.max(items.length, 1);
    yield page;
    limit = Math.max(1, Math.min(mostSize, Math.floor(pageChars / perItem)));
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

/** All objects of a collection, each reduced by `keep`. */
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
