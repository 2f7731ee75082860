/** Network policies, which nobody enforces here, and admission policies, which admission.ts does. */
import { CelSyntaxError, compile } from "../cel.ts";
import { type FieldError, invalidValue, required } from "../field-error.ts";
import { at, ensure, fields, type KubeObject, list, text } from "../object.ts";
import type { Rules } from "../resource.ts";
import { keepsStatus } from "./other.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export const networkPolicyRules: Rules = {
  prepareCreate: defaultNetworkPolicy,
  prepareUpdate: defaultNetworkPolicy,
};

function defaultNetworkPolicy(policy: KubeObject): void {
  const spec = ensure(policy, "spec");
  spec["policyTypes"] ??= ["Ingress", ...(list(spec["egress"]).length > 0 ? ["Egress"] : [])];
  for (const rule of [...list(spec["ingress"]), ...list(spec["egress"])]) {
    for (const port of list(at(rule, "ports"))) fields(port)["protocol"] ??= "TCP";
  }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
export const admissionPolicyRules: Rules = {
  ...keepsStatus,
  prepareCreate: defaultAdmissionPolicy,
  prepareUpdate(policy, old, context) {
    keepsStatus.prepareUpdate?.(policy, old, context);
    defaultAdmissionPolicy(policy);
  },
  validate: (policy) => [
    ...unknownHere(policy),
    ...["matchConditions", "variables", "validations"].flatMap((field) =>
      list(at(policy, "spec", field)).flatMap((item, index) => {
        const { expression, messageExpression } = fields(item);
        const path = `spec.${field}[${index}]`;
        return [
          ...(expression ? syntaxErrors(`${path}.expression`, expression) : [required(`${path}.expression`)]),
          ...(messageExpression ? syntaxErrors(`${path}.messageExpression`, messageExpression) : []),
        ];
      }),
    ),
  ],
};

function defaultAdmissionPolicy(policy: KubeObject): void {
  const spec = ensure(policy, "spec");
  spec["failurePolicy"] ??= "Fail";
  const constraints = ensure(spec, "matchConstraints");
  constraints["matchPolicy"] ??= "Equivalent";
  constraints["namespaceSelector"] ??= {};
  constraints["objectSelector"] ??= {};
  for (const rule of list(constraints["resourceRules"])) fields(rule)["scope"] ??= "*";
}

function syntaxErrors(field: string, expression: unknown): FieldError[] {
  try {
    compile(text(expression));
    return [];
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    return [invalidValue(field, expression, `compilation failed: ${error.message}`)];
  }
}

/** What a policy may say and this server would not heed: it is refused, so that no test takes it for granted. */
const unheeded = [
  ["spec", "paramKind"],
  ["spec", "auditAnnotations"],
  ["spec", "matchConstraints", "excludeResourceRules"],
  ["spec", "matchConstraints", "namespaceSelector", "matchLabels"],
  ["spec", "matchConstraints", "namespaceSelector", "matchExpressions"],
  ["spec", "matchConstraints", "objectSelector", "matchLabels"],
  ["spec", "matchConstraints", "objectSelector", "matchExpressions"],
  ["spec", "paramRef"],
  ["spec", "matchResources"],
];

function unknownHere(object: KubeObject): FieldError[] {
  return unheeded
    .filter((path) => at(object, ...path) !== undefined)
    .map((path) =>
      invalidValue(path.join("."), at(object, ...path), "the simulated server does not heed it"),
    );
}

export const admissionBindingRules: Rules = {
  validate(binding) {
    const { policyName, validationActions } = fields(binding["spec"]);
    return [
      ...(policyName ? [] : [required("spec.policyName")]),
      ...(list(validationActions).length > 0 ? [] : [required("spec.validationActions")]),
      ...unknownHere(binding),
    ];
  },
};
