import type { Api } from "../cluster/api.ts";
import { wantsPodOn } from "../cluster/daemon-sets.ts";
import { isReady } from "../cluster/nodes.ts";
import { keptOfPod, type Metadata, type Pod, type WholePod } from "../cluster/objects.ts";
import { pagesOf } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import type { ListNodePods } from "../cluster/pods.ts";
import { isCriticalStaticPod, isMirrorPod, isStaticPodDown } from "../cluster/static-pods.ts";
import { daemonSetOf, isFinished, podKey } from "../drain/select.ts";
import type { OwnPods, Unready } from "./observation.ts";

/** Selects the pods that must be Ready after a reboot. */
export interface OwnPodsOptions {
  /** Pods with these labels; by default those that {@link isCritical}. */
  labelSelector: string | undefined;
  /** The daemon's own pod, which runs, as it asks; its first readiness probe may be half a minute away. */
  self: string;
}

/**
 * Looks at the pods of this node that must be Ready: those of a DaemonSet count as one, as each reboot may
 * make another one, and finished ones, which a graceful shutdown leaves behind, do not count. `expected` are
 * DaemonSets ("namespace/name") that had a pod here.
 */
export async function lookAtOwnPods(
  { api, listPods }: { api: Api; listPods: ListNodePods },
  { labelSelector, self }: OwnPodsOptions,
  node: Pick<Metadata, "name" | "labels">,
  expected: readonly string[],
  signal: AbortSignal,
): Promise<OwnPods & { state: "seen" }> {
  const parts = new Map<string, Pod[]>();
  const own = new Set<string>();
  for await (const pods of podsOn({ api, listPods }, node, labelSelector, signal)) {
    for (const pod of pods) {
      const key = daemonSetOf(pod) ?? podKey(pod);
      if (pod.metadata?.name === self) own.add(key);
      if (labelSelector === undefined && !isCritical(pod)) continue;
      parts.set(key, [...(parts.get(key) ?? []), pod]);
    }
  }
  for (const key of own) parts.delete(key);

  const ready: string[] = [];
  const unready: Unready[] = [];
  const missing = new Set(expected.filter((key) => !parts.has(key) && !own.has(key)));
  for (const [key, pods] of parts) {
    const isOfDaemonSet = pods.some((pod) => daemonSetOf(pod) !== undefined);
    const living = pods.filter(isLiving);
    const waitedFor = isOfDaemonSet ? living[0] : pods.find(isUnready);
    if (isOfDaemonSet && living.some(isReady)) ready.push(key);
    else if (waitedFor !== undefined) unready.push({ key, name: podKey(waitedFor) });
    else if (isOfDaemonSet) missing.add(key);
  }
  for (const key of missing) {
    if (await wantsPodOn(api, key, node, signal)) unready.push({ key, name: `a pod of DaemonSet ${key}` });
  }
  return { state: "seen", ready, unready };
}

/** Page by page where only some of the pods count; else as others of the daemon list them too. */
async function* podsOn(
  { api, listPods }: { api: Api; listPods: ListNodePods },
  { name }: Pick<Metadata, "name">,
  labelSelector: string | undefined,
  signal: AbortSignal,
): AsyncIterable<readonly Pod[]> {
  if (labelSelector === undefined) return yield await listPods(signal);
  const query = { fieldSelector: `spec.nodeName=${name}`, labelSelector };
  for await (const { items } of pagesOf<WholePod>(api, paths.pods, { signal, query }))
    yield items.map(keptOfPod);
}

/**
 * Tells whether a node needs the pod and no scheduler brings it: the network, the storage drivers, its
 * etcd.
 */
export function isCritical(pod: Pod): boolean {
  if (isCriticalStaticPod(pod)) return true;
  return daemonSetOf(pod) !== undefined && pod.spec?.priorityClassName === "system-node-critical";
}

/** A pod that has finished or is deleted does not get Ready any more. */
export function isUnready(pod: Pod): boolean {
  if (isMirrorPod(pod)) return isStaticPodDown(pod);
  return !isReady(pod) && isLiving(pod);
}

function isLiving(pod: Pod): boolean {
  return !isFinished(pod) && pod.metadata?.deletionTimestamp === undefined;
}
