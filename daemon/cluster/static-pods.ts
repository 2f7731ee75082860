/** Static pods belong to the kubelet: https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/ */
import { contract } from "../annotations/names.ts";
import { isReady } from "./nodes.ts";
import type { Pod } from "./objects.ts";

/** Whether a pod is the mirror that the kubelet creates for a static pod. */
export function isMirrorPod({ metadata }: Pod): boolean {
  return metadata?.annotations?.[contract.mirror.key] !== undefined;
}

/**
 * The priority classes of etcd and kube-apiserver: the first in kubeadm and OpenShift, the second in RKE2.
 */
const criticalClasses = ["system-node-critical", "system-cluster-critical"];

/** Whether a pod is part of the control plane, or essential for its node. */
export function isCriticalStaticPod(pod: Pod): boolean {
  return isMirrorPod(pod) && criticalClasses.includes(pod.spec?.priorityClassName ?? "");
}

/** Whether a static pod is down: no other pod replaces one that has failed. */
export function isStaticPodDown(pod: Pod): boolean {
  return !isReady(pod) && pod.status?.phase !== "Succeeded";
}
