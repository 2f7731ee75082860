import type { Api } from "./api.ts";
import { type List, type Metadata, type Node, type PartialObjectMetadata, paths } from "./objects.ts";

const pageSize = 500;

/** How many Nodes the cluster has: the first one, and what the server says is left; where it does not say, all pages. */
export async function countNodes(api: Api, signal: AbortSignal): Promise<number> {
  let count = 0;
  let limit = 1;
  let next: string | undefined;
  do {
    const page: List<PartialObjectMetadata> = await api.get(paths.nodes, {
      signal,
      query: { limit, continue: next },
      metadataOnly: "list",
    });
    // Optional: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/list-meta/
    const { remainingItemCount, continue: token } = page.metadata ?? {};
    count += page.items.length;
    if (remainingItemCount !== undefined) return count + remainingItemCount;
    next = token || undefined;
    limit = pageSize;
  } while (next !== undefined);
  return count;
}

/** The metadata of all Nodes, page by page. */
export async function listNodeMetadata(api: Api, signal: AbortSignal): Promise<readonly Metadata[]> {
  const all: Metadata[] = [];
  let next: string | undefined;
  do {
    const page: List<PartialObjectMetadata> = await api.get(paths.nodes, {
      signal,
      query: { limit: pageSize, continue: next },
      metadataOnly: "list",
    });
    for (const { metadata } of page.items) if (metadata !== undefined) all.push(metadata);
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return all;
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
