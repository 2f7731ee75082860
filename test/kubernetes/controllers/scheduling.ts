/** Where a pod may run: the rules that the scheduler and the DaemonSet controller share. Pure. */
import { isReady, type PodSpec, type StoredNode, type Taint } from "./objects.ts";
import { containsAll, holdsFor } from "./selectors.ts";

type Toleration = NonNullable<PodSpec["tolerations"]>[number];

/** Why not, in the scheduler's words; undefined when the pod may go there. */
export function objection(pod: PodSpec, node: StoredNode): string | undefined {
  if (!matchesNode(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  const taint = taintsOf(node).find((taint) => taint.effect !== "PreferNoSchedule" && !tolerates(pod, taint));
  if (taint === undefined) return undefined;
  return taint.key === unschedulableTaint.key
    ? "node(s) were unschedulable"
    : `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
}

export const unschedulableTaint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
export const notReadyTaint: Taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

/** Also those that the node lifecycle controller is about to add. */
function taintsOf(node: StoredNode): Taint[] {
  return [
    ...(node.spec?.unschedulable === true ? [unschedulableTaint] : []),
    ...(isReady(node) ? [] : [notReadyTaint]),
    ...(node.spec?.taints ?? []),
  ];
}

export function matchesNode(pod: PodSpec, node: StoredNode): boolean {
  const { labels, name } = node.metadata;
  if (!containsAll(labels, pod.nodeSelector)) return false;
  const terms = pod.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms === undefined) return true;
  return terms.some(
    (term) =>
      (term.matchExpressions ?? []).every(holdsFor(labels)) &&
      (term.matchFields ?? []).every(holdsFor({ "metadata.name": name })),
  );
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export function tolerates(pod: PodSpec, taint: Taint): boolean {
  return (pod.tolerations ?? []).some((toleration) => isFor(toleration, taint));
}

function isFor({ key, operator = "Equal", value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== "" && effect !== taint.effect) return false;
  if (key === undefined || key === "") return operator === "Exists";
  return key === taint.key && (operator === "Exists" || (value ?? "") === (taint.value ?? ""));
}
