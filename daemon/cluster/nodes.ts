import { type Api, type CallOptions, unlessNotFound } from "./api.ts";
import {
  keptOfNode,
  type Metadata,
  type Node,
  type PartialObjectMetadata,
  type WholeNode,
} from "./objects.ts";
import { listAll, pagesOf } from "./pages.ts";
import { paths } from "./paths.ts";

/** How many Nodes the cluster has: the first one, and what the server says is left; where it does not say, all pages. */
export async function countNodes(api: Api, signal: AbortSignal): Promise<number> {
  let count = 0;
  const options = { signal, metadataOnly: "list" } as const;
  for await (const { items, metadata } of pagesOf<PartialObjectMetadata>(api, paths.nodes, options, 1)) {
    count += items.length;
    if (metadata.remainingItemCount !== undefined) return count + metadata.remainingItemCount;
  }
  return count;
}

/** The metadata of one Node; undefined where the cluster has none of that name. */
export async function readNodeMetadata(
  api: Api,
  name: string,
  signal: AbortSignal,
): Promise<Metadata | undefined> {
  const options = { signal, metadataOnly: "object" } as const;
  const node = await unlessNotFound(() => api.get<PartialObjectMetadata>(paths.node(name), options));
  return node && (node.metadata ?? {});
}

/** The metadata of all Nodes. */
export async function listNodeMetadata(api: Api, signal: AbortSignal): Promise<readonly Metadata[]> {
  const all = await listAll<PartialObjectMetadata>(api, paths.nodes, { signal, metadataOnly: "list" });
  return all.flatMap(({ metadata }) => metadata ?? []);
}

/** What is read of each of the Nodes that the options select. */
export function listNodes(api: Api, options: CallOptions): Promise<readonly Node[]> {
  return listAll<WholeNode, Node>(api, paths.nodes, options, keptOfNode);
}

/** The Nodes that carry any of these labels, and which of them are not Ready. */
export async function listByLabel(
  api: Api,
  labels: readonly string[],
  signal: AbortSignal,
): Promise<{ names: readonly string[]; notReady: readonly string[]; labels: readonly string[] }> {
  const lists = await Promise.all(
    labels.map((labelSelector) => listNodes(api, { signal, query: { labelSelector } })),
  );
  const nodes = new Map(lists.flat().map((node) => [node.metadata?.name ?? "", isReady(node)]));
  const notReady = [...nodes].filter(([, ready]) => !ready).map(([name]) => name);
  const borne = labels.filter((_, index) => (lists[index] ?? []).length > 0);
  return { names: [...nodes.keys()], notReady, labels: borne };
}

/** The Nodes that are not Ready or cordoned by whomever, and how many Nodes there are in all. */
export async function listUnavailable(
  api: Api,
  signal: AbortSignal,
): Promise<{ names: readonly string[]; clusterSize: number }> {
  const names: string[] = [];
  let clusterSize = 0;
  for await (const { items } of pagesOf<WholeNode>(api, paths.nodes, { signal })) {
    clusterSize += items.length;
    const unavailable = items.filter((node) => !isReady(node) || node.spec?.unschedulable === true);
    names.push(...unavailable.map(({ metadata }) => metadata?.name ?? ""));
  }
  return { names, clusterSize };
}

/** Of a Node or a Pod. */
export function isReady(object: {
  status?: { conditions?: readonly { type: string; status: string }[] };
}): boolean {
  return (object.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
}
