import { contract } from "../annotations/names.ts";
import { meets, type Requirement } from "../cluster/label-selector.ts";
import type { Budget, Pod } from "../cluster/objects.ts";
import { isMirrorPod } from "../cluster/static-pods.ts";

/**
 * The pods that a drain takes; kubectl's switches
 * (https://kubernetes.io/docs/reference/kubectl/generated/kubectl_drain/).
 */
export interface Selection {
  /** Pods with emptyDir volumes are evicted, and lose them. */
  deleteEmptyDirData: boolean;
  /** Pods without a controller are evicted, though nothing recreates them. */
  force: boolean;
  /** Pods that may not be evicted do not stop the drain: the reboot follows whatever happens. */
  rebootAnyway: boolean;
  /** Pods in these namespaces stay. */
  skipNamespaces: readonly string[];
  /** Pods that have been terminating for this long are not waited for; 0 waits for all. */
  skipWaitForDeleteMs: number;
  /**
   * Budgets whose labels meet all of these are taken to be released once the node is cordoned. Without it
   * none is.
   */
  heldBudgets?: readonly Requirement[] | undefined;
  /**
   * Pods of DaemonSets whose labels meet all of these are deleted when the others are gone. Without it they all
   * stay.
   */
  stopped?: readonly Requirement[] | undefined;
  /** Name of the daemon's own pod. */
  self?: string | undefined;
}

export type PodReason =
  | "long-deleted"
  | "daemonset"
  | "daemonset-stop"
  | "daemonset-gone"
  | "mirror"
  | "local-data"
  | "no-controller"
  | "namespace"
  | "not-selected"
  | "tolerates-cordon"
  | "bound-to-node"
  | "came-back"
  | "goes-down";

/**
 * The treatment of a pod, and all reasons for it. `stop` deletes it when the others are gone. `refuse` fails the
 * drain.
 */
export interface Verdict {
  do: "evict" | "stop" | "leave" | "refuse";
  reasons: readonly PodReason[];
}

/** Ends of a sentence that begins with the pod. */
export const podReasonTexts: Readonly<Record<PodReason, string>> = {
  "long-deleted": "has been terminating for longer than --skip-wait-for-delete-timeout",
  daemonset: "belongs to a DaemonSet",
  "daemonset-stop":
    "belongs to a DaemonSet and is deleted when the others are gone (--daemonset-stop-selector)",
  "daemonset-gone": "belongs to a DaemonSet that is gone",
  mirror: "is a static pod of the kubelet",
  "local-data": "has local data in an emptyDir (--delete-emptydir-data)",
  "no-controller": "is not managed by a controller and will not be recreated (--drain-force)",
  namespace: "is in a namespace of --drain-skip-namespace",
  "tolerates-cordon": "was created after the cordon that it tolerates",
  "bound-to-node": "is bound to this node and was created after the cordon",
  "came-back": "was recreated on this node after an eviction",
  "goes-down": "goes down with the machine",
  "not-selected": "is not selected by --drain-pod-selector",
};

export function reasonsText(reasons: readonly PodReason[]): string {
  return reasons.map((reason) => podReasonTexts[reason]).join(" and ");
}

/**
 * kubectl's filters in kubectl's order, with its `--ignore-daemonsets` always on; but no reason is lost
 * behind a later one. `daemonSetExists` takes "namespace/name".
 */
export function selectPod(
  pod: Pod,
  selection: Selection,
  daemonSetExists: (key: string) => boolean,
  now: number,
): Verdict {
  if (isLongDeleted(pod, selection.skipWaitForDeleteMs, now)) return leave("long-deleted");
  const daemonSet = daemonSetOf(pod);
  const isOrphan = daemonSet !== undefined && !daemonSetExists(daemonSet);
  if (daemonSet !== undefined && !isFinished(pod) && !isOrphan) {
    return isStopped(pod, selection) ? { do: "stop", reasons: ["daemonset-stop"] } : leave("daemonset");
  }
  // The kubelet would start it again.
  if (isMirrorPod(pod)) return leave("mirror");
  if (selection.skipNamespaces.includes(pod.metadata?.namespace ?? "")) return leave("namespace");
  // A finished pod loses nothing.
  if (isFinished(pod)) return { do: "evict", reasons: [] };
  const concerns: [reason: PodReason, concerns: boolean, isAllowed: boolean][] = [
    ["daemonset-gone", isOrphan, selection.force],
    ["local-data", hasLocalData(pod), selection.deleteEmptyDirData],
    ["no-controller", controllerOf(pod) === undefined, selection.force],
  ];
  const found = concerns.filter(([, concerns]) => concerns);
  const refused = found.filter(([, , isAllowed]) => !isAllowed);
  if (refused.length === 0) return { do: "evict", reasons: found.map(([reason]) => reason) };
  const reasons = refused.map(([reason]) => reason);
  if (selection.rebootAnyway) return { do: "leave", reasons: [...reasons, "goes-down"] };
  return { do: "refuse", reasons };
}

const tiers = ["system-cluster-critical", "system-node-critical"];
/** The tier of pods of DaemonSets that are deleted when all others are gone. */
export const stopTier = tiers.length + 1;

/**
 * Pods of a lower tier have to be gone before those of a higher one are evicted: 0 ordinary, then the pods
 * that these may need, and last the pods that are stopped.
 */
export function tierOf(pod: Pod, what: Verdict["do"] = "evict"): number {
  return what === "stop" ? stopTier : tiers.indexOf(pod.spec?.priorityClassName ?? "") + 1;
}

/** The name of a tier: the priority class of its pods. */
export function tierName(tier: number): string {
  return tiers[tier - 1] ?? "ordinary";
}

/** "namespace/name" of the DaemonSet that controls the pod. */
export function daemonSetOf(pod: Pod): string | undefined {
  const owner = controllerOf(pod);
  if (owner?.kind !== "DaemonSet" || owner.apiVersion !== "apps/v1") return undefined;
  return `${pod.metadata?.namespace}/${owner.name}`;
}

export function podKey(pod: Pod): string {
  return `${pod.metadata?.namespace}/${pod.metadata?.name}`;
}

/** The owner that recreates the pod. */
export function controllerOf(pod: Pod) {
  return pod.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function isSaidToBeHeld({ heldBudgets }: Selection, { metadata }: Budget): boolean {
  return heldBudgets?.every((requirement) => meets(metadata?.labels, requirement)) ?? false;
}

/** Never a pod of rebootd: its drain would end with it. */
function isStopped({ metadata }: Pod, { stopped, self, skipNamespaces }: Selection): boolean {
  const { name, namespace = "", labels } = metadata ?? {};
  if (stopped === undefined || skipNamespaces.includes(namespace)) return false;
  const isOurs = name === self || labels?.[contract.app.key] === "rebootd";
  return !isOurs && stopped.every((requirement) => meets(labels, requirement));
}

function hasLocalData(pod: Pod): boolean {
  return (pod.spec?.volumes ?? []).some((volume) => volume.emptyDir !== undefined);
}

/** The deletion timestamp is the time at which the grace ends. */
function isLongDeleted(pod: Pod, skipMs: number, now: number): boolean {
  const { deletionTimestamp } = pod.metadata ?? {};
  return skipMs > 0 && deletionTimestamp !== undefined && now - Date.parse(deletionTimestamp) > skipMs;
}

function leave(reason: PodReason): Verdict {
  return { do: "leave", reasons: [reason] };
}
