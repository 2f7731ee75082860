import type { Api } from "./api.ts";
import { type List, type Metadata, type Node, type PartialObjectMetadata, paths } from "./objects.ts";

const pageSize = 500;

/** How many Nodes the cluster has: the first one, and what the server says is left; where it does not say, all pages. */
export async function countNodes(api: Api, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const { items, metadata } of nodePages(api, 1, signal)) {
    count += items.length;
    // Optional: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/list-meta/
    if (metadata?.remainingItemCount !== undefined) return count + metadata.remainingItemCount;
  }
  return count;
}

/** The metadata of all Nodes. */
export async function listNodeMetadata(api: Api, signal: AbortSignal): Promise<readonly Metadata[]> {
  const all: Metadata[] = [];
  for await (const { items } of nodePages(api, pageSize, signal)) {
    for (const { metadata } of items) if (metadata !== undefined) all.push(metadata);
  }
  return all;
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks */
async function* nodePages(
  api: Api,
  firstSize: number,
  signal: AbortSignal,
): AsyncIterable<List<PartialObjectMetadata>> {
  let limit = firstSize;
  let next: string | undefined;
  do {
    const query = { limit, continue: next };
    const page = await api.get<List<PartialObjectMetadata>>(paths.nodes, {
      signal,
      query,
      metadataOnly: "list",
    });
    yield page;
    limit = pageSize;
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
}

/** The Nodes that carry any of these labels, and which of them are not Ready. */
export async function listByLabel(
  api: Api,
  labels: readonly string[],
  signal: AbortSignal,
): Promise<{ names: readonly string[]; notReady: readonly string[] }> {
  const lists = await Promise.all(
    labels.map((labelSelector) =>
      api.get<List<Node>>(paths.nodes, { signal, query: { labelSelector, limit: pageSize } }),
    ),
  );
  const nodes = new Map(
    lists.flatMap(({ items }) => items).map((node) => [node.metadata?.name ?? "", isReady(node)]),
  );
  const notReady = [...nodes].filter(([, ready]) => !ready).map(([name]) => name);
  return { names: [...nodes.keys()], notReady };
}

export function isReady(node: Node): boolean {
  return (node.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
}
