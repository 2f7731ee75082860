/** The pods that a cordon does not keep away, and their makers. Pure. */
import type { Pod } from "../cluster/objects.ts";
import { cordonTaint, tolerates } from "./room.ts";
import { controllerOf } from "./select.ts";

/** Why the replacement of a pod is put on the same node though that is cordoned. */
export type Tie = "tolerates-cordon" | "bound-to-node";

/**
 * The controller of such a pod puts the next one on this node again: it tolerates the cordon, or its node
 * affinity names the node alone, as controllers of DaemonSets of any API group write it. A template that
 * names the node itself looks the same as a choice of the scheduler.
 * https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#how-daemon-pods-are-scheduled
 */
export function tieOf(pod: Pod): Tie | undefined {
  if (tolerates(pod, cordonTaint)) return "tolerates-cordon";
  return isBoundByName(pod) ? "bound-to-node" : undefined;
}

/** One key for all pods of a controller; without a controller, for all pods that are named alike. */
export function makerOf(pod: Pod): string {
  const { namespace, name, generateName } = pod.metadata ?? {};
  return controllerOf(pod)?.uid ?? `${namespace}/${generateName ?? name}`;
}

function isBoundByName({ spec }: Pod): boolean {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required?.nodeSelectorTerms ?? [];
  // One of the terms is enough for the scheduler.
  return terms.length > 0 && terms.every(({ matchFields = [] }) => matchFields.some(namesOneNode));
}

function namesOneNode({ key, operator, values = [] }: { key: string; operator: string; values?: string[] }) {
  return key === "metadata.name" && operator === "In" && values.length === 1;
}
