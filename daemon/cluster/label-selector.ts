/** Selectors of labels, as far as the API server does not evaluate them itself. Pure. */
import type { V1LabelSelector } from "@kubernetes/client-node";

type Labels = Readonly<Record<string, string>> | undefined;

export interface Requirement {
  key: string;
  operator: string;
  values?: readonly string[];
}

/** No selector selects nothing, an empty one everything: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export function selects(selector: V1LabelSelector | null | undefined, labels: Labels): boolean {
  if (!selector) return false;
  const { matchLabels, matchExpressions = [] } = selector;
  return (
    hasLabels(labels, matchLabels) && matchExpressions.every((requirement) => meets(labels, requirement))
  );
}

export function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);
}

/** `Gt` and `Lt` are those of a node affinity; an operator that is not known is met by nothing. */
export function meets(labels: Labels, { key, operator, values = [] }: Requirement): boolean {
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
      return isInteger(value) && Number(value) > Number(values[0]);
    case "Lt":
      return isInteger(value) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function isInteger(value: string | undefined): boolean {
  return /^-?\d+$/.test(value ?? "");
}
