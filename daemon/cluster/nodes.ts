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

/**
 * The number of Nodes: one, and the server's count of the remaining ones; all pages if the server gives no
 * count.
 */
export async function countNodes(api: Api, signal: AbortSignal): Promise<number> {
  let count = 0;
  const options = { signal, metadataOnly: "list" } as const;
  for await (const { items, metadata } of pagesOf<PartialObjectMetadata>(api, paths.nodes, options, 1)) {
    count += items.length;
    if (metadata.remainingItemCount !== undefined) return count + metadata.remainingItemCount;
  }
  return count;
}

/** The metadata of one Node; undefined if it does not exist. */
export async function readNodeMetadata(
  api: Api,
  name: string,
  signal: AbortSignal,
): Promise<Metadata | undefined> {
  const options = { signal, metadataOnly: "object" } as const;
  const node = await unlessNotFound(() => api.get<PartialObjectMetadata>(paths.node(name), options));
  return node && (node.metadata ?? {});
}

/** The metadata of the Nodes that the options select, in the parts that `keep` takes. */
export function listNodeMetadata(
  api: Api,
  options: CallOptions,
  keep: (metadata: Metadata) => Metadata = (metadata) => metadata,
): Promise<readonly Metadata[]> {
  const asked = { ...options, metadataOnly: "list" } as const;
  return listAll<PartialObjectMetadata, Metadata>(api, paths.nodes, asked, ({ metadata = {} }) =>
    keep(metadata),
  );
}

/** The Nodes that the options select, without the parts that rebootd does not need. */
export function listNodes(api: Api, options: CallOptions): Promise<readonly Node[]> {
  return listAll<WholeNode, Node>(api, paths.nodes, options, keptOfNode);
}

/**
 * The Nodes with any of these labels, those of them that are not Ready, and the labels that at least one Node
 * has.
 */
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

/** A Node as a row, in the columns that count; or the whole Node, of a server that makes no tables. */
type NodeRow = WholeNode & { Name?: unknown; Status?: unknown };

/** A row has some hundred bytes, a Node some ten thousand. */
const rowsMax = 1000;

/**
 * The Nodes that are cordoned or not Ready, and the number of all Nodes. No selector finds those that are not Ready,
 * and their metadata does not show it.
 */
export async function listUnavailable(
  api: Api,
  signal: AbortSignal,
): Promise<{ names: readonly string[]; clusterSize: number }> {
  const names: string[] = [];
  let clusterSize = 0;
  const asRows = { signal, rowsOnly: true } as const;
  for await (const { items } of pagesOf<NodeRow>(api, paths.nodes, asRows, rowsMax, rowsMax)) {
    clusterSize += items.length;
    names.push(
      ...items.filter(isUnavailable).map(({ Name, metadata }) => String(Name ?? metadata?.name ?? "")),
    );
  }
  return { names, clusterSize };
}

/** The column is "Ready", "NotReady" or "Unknown", and with a cordon "Ready,SchedulingDisabled". */
function isUnavailable(node: NodeRow): boolean {
  if (typeof node.Status !== "string") return !isReady(node) || node.spec?.unschedulable === true;
  const words = node.Status.split(",");
  return !words.includes("Ready") || words.includes("SchedulingDisabled");
}

/** Whether the condition Ready of a Node or a Pod is True. */
export function isReady(object: {
  status?: { conditions?: readonly { type: string; status: string }[] };
}): boolean {
  return (object.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
}
