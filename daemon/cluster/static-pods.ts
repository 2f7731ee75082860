/** Static pods belong to the kubelet: https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/ */
import { isReady } from "./nodes.ts";
import type { Pod } from "./objects.ts";

/** What the kubelet shows the server of a static pod. */
export function isMirrorPod({ metadata }: Pod): boolean {
  return metadata?.annotations?.["kubernetes.io/config.mirror"] !== undefined;
}

/** The classes of etcd and kube-apiserver: kubeadm and OpenShift give them the first, RKE2 the second. */
const criticalClasses = ["system-node-critical", "system-cluster-critical"];

/** A part of the control plane, or of what a node cannot do without. */
export function isCriticalStaticPod(pod: Pod): boolean {
  return isMirrorPod(pod) && criticalClasses.includes(pod.spec?.priorityClassName ?? "");
}

/** A static pod that has failed, or whose mirror is deleted, is not replaced by another one: it is down. */
export function isStaticPodDown(pod: Pod): boolean {
  return !isReady(pod) && pod.status?.phase !== "Succeeded";
}
