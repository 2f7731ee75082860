import { ownConditions } from "../annotations/conditions.ts";
import { contract } from "../annotations/names.ts";
import { type Api, unlessNotFound } from "../cluster/api.ts";
import { isReady } from "../cluster/nodes.ts";
import type { Metadata, WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { NodeChange } from "./marks.ts";
import type { NodeFacts } from "./observation.ts";
import { parseRecord } from "./record.ts";

/**
 * The own Node: what the cycle needs of it, and the record that it carries, as text and as far as it can
 * be read.
 */
export interface NodeRead {
  facts: NodeFacts;
  text: string | undefined;
  carried: ReturnType<typeof parseRecord>;
}

/** Undefined where the cluster has no such Node. */
export async function readNode(api: Api, name: string, signal: AbortSignal): Promise<NodeRead | undefined> {
  const node = await unlessNotFound(() => api.get<WholeNode>(paths.node(name), { signal }));
  return node === undefined ? undefined : readOf(node);
}

export interface NodePatch extends NodeChange {
  record: string;
  /**
   * Refused with a conflict when the Node is no longer at this version: a patch may take effect long after
   * it was given up.
   */
  resourceVersion: string;
}

/** Tries such a patch in a dry run. Rejects with the answer of the server. */
export async function tryPatch(
  api: Api,
  name: string,
  patch: Omit<NodePatch, "resourceVersion">,
  signal: AbortSignal,
): Promise<void> {
  await api.patch(paths.node(name), bodyOf(patch), { signal, query: { dryRun: "All" } });
}

/** One patch for all, so that there is no moment at which a cordon, a label or a taint has no record. */
export async function patchNode(
  api: Api,
  name: string,
  patch: NodePatch,
  signal: AbortSignal,
): Promise<NodeRead> {
  const node = await api.patch<WholeNode>(paths.node(name), bodyOf(patch), { signal });
  return readOf(node);
}

function bodyOf({
  record,
  cordon,
  labels,
  annotations,
  taints,
  resourceVersion,
}: Omit<NodePatch, "resourceVersion"> & Partial<NodePatch>): object {
  const metadata = {
    annotations: { ...annotations, [contract.cycle.key]: record },
    ...(labels !== undefined && { labels }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  const spec = {
    ...(cordon !== undefined && { unschedulable: cordon === "set" ? true : null }),
    ...(taints !== undefined && { taints }),
  };
  return Object.keys(spec).length > 0 ? { metadata, spec } : { metadata };
}

/** The own Node, as the server has answered it. */
export function readOf(node: WholeNode): NodeRead {
  const text = node.metadata?.annotations?.[contract.cycle.key];
  return { facts: factsOf(node), text, carried: parseRecord(text) };
}

function factsOf(node: WholeNode): NodeFacts {
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  return {
    uid: node.metadata?.uid ?? "",
    resourceVersion: node.metadata?.resourceVersion ?? "",
    unschedulable: node.spec?.unschedulable === true,
    ready: isReady(node),
    readyChangedAt: ready?.lastTransitionTime || undefined,
    annotations: node.metadata?.annotations ?? {},
    taints: node.spec?.taints ?? [],
    conditions: ownConditions(node.status?.conditions),
    ...requestsOn(node.metadata),
    // The server writes the text of a kubelet that has not reported yet as "".
    bootID: node.status?.nodeInfo?.bootID || undefined,
    heartbeatAt: parsedTime(ready?.lastHeartbeatTime),
  };
}

function parsedTime(time: string | undefined): number | undefined {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** Requests of others on the Node: its place in the lock, and whether it is to reboot, or to go. */
export type NodeRequests = Pick<
  NodeFacts,
  "labels" | "priority" | "paused" | "approved" | "requested" | "deletedAt"
>;

export function requestsOn(metadata: Metadata | undefined): NodeRequests {
  const { labels = {}, annotations = {}, deletionTimestamp: deletedAt } = metadata ?? {};
  return {
    labels,
    priority: annotations[contract.priority.key],
    paused: annotations[contract.paused.key],
    approved: annotations[contract.approved.key],
    requested: annotations[contract.request.key],
    ...(deletedAt !== undefined && { deletedAt }),
  };
}
