/** Label selectors that the API server does not evaluate itself. Pure. */
import type { V1LabelSelector } from "@kubernetes/client-node";

type Labels = Readonly<Record<string, string>> | undefined;

export interface Requirement {
  key: string;
  operator: string;
  values?: readonly string[];
}

/**
 * No selector selects nothing, an empty one everything:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
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

/** `Gt` and `Lt` are operators of a node affinity. No labels meet an unknown operator. */
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

/**
 * The requirements of a selector in the form of a query, such as `app=db,tier notin (cache)`. `text` must be
 * valid.
 */
export function parseLabelSelector(text: string): Requirement[] {
  return text.split(/,(?![^(]*\))/).map((part) => {
    const one = part.trim();
    const [, key = "", operator = "", value = ""] = /^([^\s=!<>]+)\s*(==?|!=|[<>])\s*(\S*)$/.exec(one) ?? [];
    if (operator !== "") return { key, operator: operators[operator] ?? "", values: [value] };
    const [, of = "", word, list = ""] = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(one) ?? [];
    if (word !== undefined) {
      return {
        key: of,
        operator: word === "in" ? "In" : "NotIn",
        values: list.split(",").map((each) => each.trim()),
      };
    }
    return one.startsWith("!")
      ? { key: one.slice(1).trim(), operator: "DoesNotExist" }
      : { key: one, operator: "Exists" };
  });
}

const operators: Readonly<Record<string, string>> = {
  "=": "In",
  "==": "In",
  "!=": "NotIn",
  ">": "Gt",
  "<": "Lt",
};

function isInteger(value: string | undefined): boolean {
  return /^-?\d+$/.test(value ?? "");
}
