/** Nodes: the taint a new one gets, and the form of taints. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "../field-error.ts";
import { faultsOfLabelValue, faultsOfQualifiedName } from "../names.ts";
import { at, clone, ensure, equal, type Fields, fields, type KubeObject, list, text } from "../object.ts";
import type { Rules } from "../resource.ts";

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const notReady = "node.kubernetes.io/not-ready";

export const nodeRules: Rules = {
  prepareCreate(node) {
    // https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#taintnodesbycondition
    const spec = ensure(node, "spec");
    const taints = list(spec["taints"]);
    const has = taints.some((taint) => at(taint, "key") === notReady && at(taint, "effect") === "NoSchedule");
    if (!has) spec["taints"] = [...taints, { key: notReady, effect: "NoSchedule" }];
    alignPodCidrs(node);
  },
  prepareUpdate(node, old) {
    node["status"] = clone(old["status"]);
    alignPodCidrs(node);
  },
  prepareStatusUpdate(node, old) {
    node["spec"] = clone(old["spec"]);
  },
  validate: (node) => validateTaints(list(at(node, "spec", "taints"))),
  validateUpdate: (node, old) =>
    setOnce.flatMap(({ field, called }) => {
      const before = at(old, "spec", field);
      if (before === undefined || equal(before, at(node, "spec", field))) return [];
      return [
        forbiddenField(`spec.${field}`, `node updates may not change ${called} except from "" to valid`),
      ];
    }),
  updateChecks: ["object", "metadata", "own"],
};

/** Whoever may change the Node may give it these, and nobody may change them after that. */
const setOnce = [
  { field: "podCIDRs", called: "podCIDR" },
  { field: "providerID", called: "providerID" },
];

/** The one stands for the first of the others: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/#NodeSpec */
function alignPodCidrs(node: KubeObject): void {
  const spec = ensure(node, "spec");
  const [first] = list(spec["podCIDRs"]);
  if (spec["podCIDR"] && spec["podCIDR"] !== first) spec["podCIDRs"] = [spec["podCIDR"]];
  else if (first) spec["podCIDR"] = first;
}

/** The real server names `metadata.taints`, although they are in the spec. */
function validateTaints(taints: unknown[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const path = `metadata.taints[${i}]`;
    const { key, value, effect } = fields(taint);
    errors.push(
      ...faultsOfQualifiedName(text(key)).map((fault) => invalidValue(`${path}.key`, key ?? "", fault)),
    );
    errors.push(
      ...faultsOfLabelValue(text(value)).map((fault) => invalidValue(`${path}.value`, value, fault)),
    );
    if (!effect) errors.push(required(`${path}.effect`));
    else if (!effects.includes(text(effect))) errors.push(notSupported(`${path}.effect`, effect, effects));
    const pair = `${key} ${effect}`;
    if (seen.has(pair)) errors.push(duplicateTaint(path, fields(taint)));
    seen.add(pair);
  });
  return errors;
}

/** The server shows the taint in the form it has inside. */
function duplicateTaint(path: string, { key, value, effect, timeAdded }: Fields): FieldError {
  const shown = { Key: key, Value: value ?? "", Effect: effect, TimeAdded: timeAdded ?? null };
  const error = duplicate(path, shown);
  return { ...error, message: `${error.message}: taints must be unique by key and effect pair` };
}
