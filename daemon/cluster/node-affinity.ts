import { hasLabels, meets } from "./label-selector.ts";
import type { Metadata, Pod } from "./objects.ts";

/**
 * Whether a node meets a pod's node selector and required node affinity. Pure.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/: one term must match; an empty term never matches.
 */
export function matchesNode(spec: Pod["spec"], { name, labels }: Pick<Metadata, "name" | "labels">): boolean {
  if (!hasLabels(labels, spec?.nodeSelector)) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required === undefined) return true;
  const fields = { "metadata.name": name ?? "" };
  const terms = required.nodeSelectorTerms ?? [];
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false;
    const byLabels = matchExpressions.every((requirement) => meets(labels, requirement));
    return byLabels && matchFields.every((requirement) => meets(fields, requirement));
  });
}
