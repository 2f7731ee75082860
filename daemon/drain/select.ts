import type { Pod } from "../cluster/objects.ts";

/** What the drain does with a pod, and why. */
export type Verdict = { evict: true } | { evict: false; reason: "daemonset" | "mirror" | "not-selected" };

/**
 * kubectl's selection as kured sets it up (`--ignore-daemonsets --delete-emptydir-data --force`): all pods go but mirror
 * pods and running pods of a DaemonSet that exists (https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/).
 * `daemonSetExists` is asked for "namespace/name".
 */
export function selectPod(pod: Pod, daemonSetExists: (key: string) => boolean): Verdict {
  const daemonSet = daemonSetOf(pod);
  if (daemonSet !== undefined && !isFinished(pod) && daemonSetExists(daemonSet)) {
    return { evict: false, reason: "daemonset" };
  }
  // A static pod belongs to the kubelet, which would start it again: https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
  if (pod.metadata?.annotations?.["kubernetes.io/config.mirror"] !== undefined) {
    return { evict: false, reason: "mirror" };
  }
  return { evict: true };
}

/** "namespace/name" of the DaemonSet that controls the pod. */
export function daemonSetOf(pod: Pod): string | undefined {
  const owner = pod.metadata?.ownerReferences?.find((reference) => reference.controller === true);
  if (owner?.kind !== "DaemonSet" || owner.apiVersion !== "apps/v1") return undefined;
  return `${pod.metadata?.namespace}/${owner.name}`;
}

export function podKey(pod: Pod): string {
  return `${pod.metadata?.namespace}/${pod.metadata?.name}`;
}

function isFinished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
