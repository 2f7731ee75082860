/** Nodes: the taint a new one gets, and the form of taints. */
import { duplicate, type FieldError, invalidValue, notSupported, required } from "../field-error.ts";
import { faultsOfLabelValue, faultsOfQualifiedName } from "../names.ts";
import { at, clone, ensure, type Fields, fields, list, text } from "../object.ts";
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
  },
  prepareUpdate(node, old) {
    node["status"] = clone(old["status"]);
  },
  prepareStatusUpdate(node, old) {
    node["spec"] = clone(old["spec"]);
  },
  validate: (node) => validateTaints(list(at(node, "spec", "taints"))),
  updateChecks: ["object", "metadata", "own"],
};

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
