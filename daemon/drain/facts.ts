import { contract } from "../annotations/names.ts";
import { type Api, unlessNotGranted } from "../cluster/api.ts";
import { listBudgets } from "../cluster/budgets.ts";
import { type DaemonSetLook, daemonSetExists } from "../cluster/daemon-sets.ts";
import { isReady, listNodes } from "../cluster/nodes.ts";
import {
  type Budget,
  keptOfNode,
  type Node,
  type PartialObjectMetadata,
  type Pod,
  partsOfClaim,
  type WholeNode,
  type WholePod,
} from "../cluster/objects.ts";
import { listAll, pageSize } from "../cluster/pages.ts";
import { kept } from "../cluster/parts.ts";
import { paths } from "../cluster/paths.ts";
import { type ListNodePods, listPods } from "../cluster/pods.ts";
import { isMirrorPod } from "../cluster/static-pods.ts";
import { createLimit } from "../time/limit.ts";
import { cloudNativePg, groupOf } from "./operators.ts";
import { mayGrow, roomsOf, whyNowhere } from "./room.ts";
import { controllerOf, daemonSetOf } from "./select.ts";

/** Everything in the cluster that a drain of the node depends on. */
export interface DrainFacts {
  /** The pods on the node. */
  pods: readonly Pod[];
  /** The budgets of the pods' namespaces. */
  budgets: readonly Budget[];
  cluster: { nodes: readonly Node[]; pods: readonly Pod[] };
  daemonSetExists: (key: string) => boolean;
  /** Whether the label selector finds the pod. */
  isSelected: (pod: Pod) => boolean;
  /** Whether it is a CloudNativePG primary that no Ready instance could take over from. */
  hasNoStandIn: (pod: Pod) => boolean;
}

/** Requests that are under way at a time. */
const parallel = 10;
const unfinished = "status.phase!=Succeeded,status.phase!=Failed";
/** With more candidate nodes than this, one of them is taken to have room. */
const candidatesMax = 10;

/** With all Nodes and pods, as the room on other nodes depends on them. */
export async function readDrainFacts(
  api: Api,
  nodeName: string,
  labelSelector: string | undefined,
  signal: AbortSignal,
): Promise<DrainFacts> {
  const elsewhere = `spec.nodeName!=${nodeName},spec.nodeName!=,${unfinished}`;
  const looks: BlockerLooks = {
    api,
    listPods: (inner) =>
      listPods(api, { signal: inner, query: { fieldSelector: `spec.nodeName=${nodeName}` } }),
    daemonSetExists: (key, inner) => daemonSetExists(api, key, inner),
  };
  const [nodes, onThis, pods] = await Promise.all([
    listNodes(api, { signal }),
    readBlockers(looks, nodeName, labelSelector, signal),
    listClaims(api, elsewhere, signal),
  ]);
  return { ...onThis, cluster: { nodes, pods } };
}

/** The requests that others of the daemon may have made a moment ago. */
export interface BlockerLooks {
  api: Api;
  /** The pods of the node. */
  listPods: ListNodePods;
  daemonSetExists: DaemonSetLook;
}

/**
 * The facts that may block a drain of the node. The cost depends on its pods alone, however large the cluster
 * is.
 */
export async function readBlockers(
  { api, listPods, daemonSetExists }: BlockerLooks,
  nodeName: string,
  labelSelector: string | undefined,
  signal: AbortSignal,
): Promise<Omit<DrainFacts, "cluster">> {
  const fieldSelector = `spec.nodeName=${nodeName}`;
  const [pods, selected] = await Promise.all([
    listPods(signal),
    labelSelector === undefined ? undefined : listUids(api, { fieldSelector, labelSelector }, signal),
  ]);
  const limit = createLimit(parallel);
  const daemonSets = new Set(pods.flatMap((pod) => daemonSetOf(pod) ?? []));
  const primaries = pods.filter(isPrimary);
  const [alone, known] = await Promise.all([
    Promise.all(
      primaries.map((one) => limit(async () => ((await hasStandIn(api, one, signal)) ? undefined : one))),
    ),
    Promise.all(
      [...daemonSets].map((key) =>
        limit(async () => ((await daemonSetExists(key, signal)) ? key : undefined)),
      ),
    ),
  ]);
  // Pods that stay in any case need no budget.
  const mayGo = pods.filter((pod) => !isMirrorPod(pod) && !known.includes(daemonSetOf(pod) ?? ""));
  const namespaces = new Set(mayGo.map(({ metadata }) => metadata?.namespace ?? ""));
  const budgets = await Promise.all(
    [...namespaces].map((one) => limit(() => unlessNotGranted(() => listBudgets(api, one, signal), []))),
  );
  return {
    pods,
    budgets: budgets.flat(),
    daemonSetExists: (key) => known.includes(key),
    isSelected: (pod) => selected === undefined || selected.has(pod.metadata?.uid),
    hasNoStandIn: (pod) => alone.includes(pod),
  };
}

function isPrimary(pod: Pod): boolean {
  const { labels = {} } = pod.metadata ?? {};
  const owner = controllerOf(pod);
  const isOurs = owner !== undefined && groupOf(owner) === cloudNativePg;
  return (
    isOurs && labels[contract.cnpgCluster.key] !== undefined && labels[contract.cnpgRole.key] === "primary"
  );
}

/** The operator switches over to an instance that is Ready, and elsewhere. */
async function hasStandIn(api: Api, primary: Pod, signal: AbortSignal): Promise<boolean> {
  const { namespace = "", labels = {} } = primary.metadata ?? {};
  const query = {
    labelSelector: `${contract.cnpgCluster.key}=${labels[contract.cnpgCluster.key]}`,
    fieldSelector: `spec.nodeName!=${primary.spec?.nodeName}`,
  };
  const others = await listPods(api, { signal, query }, namespace);
  return others.some(isReady);
}

/**
 * The other nodes, as far as they show whether one has room for the replacements of these pods: a page of
 * Nodes, and the pods on those that could take one. Undefined where more would be needed, or where an
 * autoscaler adds nodes.
 */
export async function readRoomFor(
  api: Api,
  nodeName: string,
  pods: readonly Pod[],
  signal: AbortSignal,
): Promise<DrainFacts["cluster"] | undefined> {
  const query = { limit: pageSize };
  const { items, metadata } = await api.list<WholeNode>(paths.nodes, { signal, query });
  const nodes = items.map(keptOfNode);
  if (metadata.continue !== undefined || mayGrow(nodes)) return undefined;
  const others = nodes.filter((node) => node.metadata?.name !== nodeName);
  const candidates = roomsOf(others, []).filter((room) =>
    pods.some((pod) => whyNowhere(pod, [room]) === undefined),
  );
  if (candidates.length > candidatesMax) return undefined;
  const lists = await Promise.all(
    candidates.map(({ node }) => {
      const fieldSelector = `spec.nodeName=${node.metadata?.name},${unfinished}`;
      return listClaims(api, fieldSelector, signal);
    }),
  );
  return { nodes, pods: lists.flat() };
}

async function listUids(api: Api, query: Record<string, string>, signal: AbortSignal) {
  const options = { signal, query, metadataOnly: "list" } as const;
  const found = await listAll<PartialObjectMetadata>(api, paths.pods, options);
  return new Set(found.map(({ metadata }) => metadata?.uid));
}

/** The requests of pods alone: a cluster may have a hundred thousand. */
function listClaims(api: Api, fieldSelector: string, signal: AbortSignal): Promise<readonly Pod[]> {
  const claimOf = ({ spec }: WholePod): Pod => (spec === undefined ? {} : { spec: kept(spec, partsOfClaim) });
  return listAll(api, paths.pods, { signal, query: { fieldSelector } }, claimOf);
}
