import { contract } from "../annotations/names.ts";
import { type Api, unlessNotFound } from "./api.ts";
import { matchesNode } from "./node-affinity.ts";
import type { DaemonSet, Metadata, PartialObjectMetadata } from "./objects.ts";
import { paths, splitKey } from "./paths.ts";

/** The label of rebootd's own DaemonSet and pods in the manifests. */
export const daemonSelector = `${contract.app.key}=rebootd`;

/** `key` is "namespace/name". */
export async function daemonSetExists(api: Api, key: string, signal: AbortSignal): Promise<boolean> {
  return (await unlessNotFound(() => api.get<PartialObjectMetadata>(pathOf(key), { signal }))) !== undefined;
}

/**
 * Whether a DaemonSet should have a pod on this node: it exists, and the node meets the requirements of its
 * template. Taints do not count: those of a starting node disappear by themselves. `key` is "namespace/name".
 */
export async function wantsPodOn(
  api: Api,
  key: string,
  node: Pick<Metadata, "name" | "labels">,
  signal: AbortSignal,
): Promise<boolean> {
  const set = await unlessNotFound(() => api.get<DaemonSet>(pathOf(key), { signal }));
  if (set === undefined || set.metadata?.deletionTimestamp !== undefined) return false;
  return matchesNode(set.spec?.template.spec, node);
}

function pathOf(key: string): string {
  return paths.daemonSet(...splitKey(key));
}
