import type { Api } from "../cluster/api.ts";
import { isReady } from "../cluster/nodes.ts";
import { type Pod, paths } from "../cluster/objects.ts";
import { pagesOf } from "../cluster/pages.ts";
import { isCriticalStaticPod, isMirrorPod, isStaticPodDown } from "../cluster/static-pods.ts";
import { daemonSetOf, isFinished, podKey } from "../drain/select.ts";

/** Whose pods are to be Ready after a reboot. */
export interface OwnPods {
  nodeName: string;
  /** Those with these labels; where nothing is said, those that {@link isCritical}. */
  labelSelector: string | undefined;
  /** The daemon's own pod, which runs, as it asks; its first readiness probe may be half a minute away. */
  self: string;
}

/** "namespace/name" of the pods of this node that are to be Ready and are not. */
export async function listUnreadyPods(
  api: Api,
  { nodeName, labelSelector, self }: OwnPods,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const query = { fieldSelector: `spec.nodeName=${nodeName}`, labelSelector };
  const unready: string[] = [];
  for await (const { items } of pagesOf<Pod>(api, paths.pods, { signal, query })) {
    const awaited = labelSelector === undefined ? items.filter(isCritical) : items;
    const others = awaited.filter(({ metadata }) => metadata?.name !== self);
    unready.push(...others.filter(isUnready).map(podKey));
  }
  return unready;
}

/** What a node cannot do without, and what no scheduler brings to it: the network, the storage drivers, its etcd. */
export function isCritical(pod: Pod): boolean {
  if (isCriticalStaticPod(pod)) return true;
  return daemonSetOf(pod) !== undefined && pod.spec?.priorityClassName === "system-node-critical";
}

/** What has finished or is deleted does not get Ready any more. */
export function isUnready(pod: Pod): boolean {
  if (isMirrorPod(pod)) return isStaticPodDown(pod);
  return !isReady(pod) && !isFinished(pod) && pod.metadata?.deletionTimestamp === undefined;
}
