import type { LabelSelector } from "./objects.ts";

type Labels = Record<string, string> | undefined;

interface Requirement {
  key: string;
  operator: string;
  values?: string[];
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors; no selector matches nothing. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  return (
    containsAll(labels, selector.matchLabels) && (selector.matchExpressions ?? []).every(holdsFor(labels))
  );
}

export function containsAll(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
}

/** One requirement of a selector of labels or of a node affinity. */
export function holdsFor(labels: Labels): (requirement: Requirement) => boolean {
  return ({ key, operator, values = [] }) => {
    const value = labels?.[key];
    switch (operator) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      case "Gt":
        return Number(value) > Number(values[0]);
      case "Lt":
        return Number(value) < Number(values[0]);
      default:
        return false;
    }
  };
}
