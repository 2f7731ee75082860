import type { Api, CallOptions } from "./api.ts";
import type { List } from "./objects.ts";

/** A page of pods is about a megabyte: so much memory a list takes, however long it is. */
export const pageSize = 250;

/**
 * A collection, page by page; the first one may be smaller.
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
    const query = { ...options.query, limit, continue: next };
    const page = await api.list<T>(collection, { ...options, query });
    yield page;
    limit = pageSize;
    next = page.metadata.continue;
  } while (next !== undefined);
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
