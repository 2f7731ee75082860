/**
 * ValidatingAdmissionPolicies with their bindings: who may have passed all rules of access is still refused where one says so.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
import { userInfo } from "./authn.ts";
import { authorizerValue, type Bindings, type CheckAccess, compile, isCelError, toCel } from "./cel.ts";
import type { Core, ResourceRequest } from "./core.ts";
import { apiVersionOf } from "./forms.ts";
import { at, type Fields, fields, type KubeObject, list, text } from "./object.ts";
import type { Admit } from "./registry.ts";
import { ApiError, details, qualified } from "./status.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE";

interface Asked {
  core: Core;
  request: ResourceRequest;
  operation: Operation;
  object: Fields | undefined;
  old: KubeObject | undefined;
  dryRun: boolean;
}

const policies = "validatingadmissionpolicies.admissionregistration.k8s.io";
const bindings = "validatingadmissionpolicybindings.admissionregistration.k8s.io";

/** Undefined where nothing is bound, as almost always. */
export function admission(
  core: Core,
  request: ResourceRequest,
  operation: Operation,
  dryRun: boolean,
): Admit | undefined {
  const { store } = core;
  const bound = store.list(bindings).map(([, binding]) => binding);
  if (bound.length === 0) return undefined;
  return (object, old) => {
    const asked = { core, request, operation, object, old, dryRun };
    const known = bindingsFor(asked);
    for (const binding of bound) {
      const policy = store.get(policies, text(at(binding, "spec", "policyName")));
      if (!policy || !list(at(binding, "spec", "validationActions")).includes("Deny")) continue;
      const denied = isMatched(policy, asked) ? judge(policy, known) : undefined;
      if (denied) throw refusal(asked, policy, binding, denied);
    }
  };
}

interface Denial {
  message: string;
  reason: string;
}

/** What speaks against it; undefined for nothing. */
function judge(policy: KubeObject, known: Bindings): Denial | undefined {
  const spec = fields(policy["spec"]);
  const wentWrong = (expression: unknown, error: Error): Denial | undefined =>
    spec["failurePolicy"] === "Fail"
      ? { message: `expression '${expression}' resulted in error: ${error.message}`, reason: "Invalid" }
      : undefined;
  // A condition that is false counts before one that goes wrong, wherever it stands. They know no variables.
  const conditions = list(spec["matchConditions"]).map((condition) => {
    const { expression } = fields(condition);
    return { expression, answer: compile(text(expression))(known) };
  });
  if (conditions.some(({ answer }) => answer === false)) return undefined;
  for (const { expression, answer } of conditions) {
    if (isCelError(answer)) return wentWrong(expression, answer);
  }
  const all = withVariables(known, list(spec["variables"]).map(fields));
  for (const validation of list(spec["validations"]).map(fields)) {
    const answer = compile(text(validation["expression"]))(all);
    if (answer === true) continue;
    const denied = isCelError(answer) ? wentWrong(validation["expression"], answer) : denial(validation, all);
    if (denied) return denied;
  }
  return undefined;
}

function denial(validation: Fields, known: Bindings): Denial {
  const { expression, message, messageExpression, reason } = validation;
  const said = messageExpression ? compile(text(messageExpression))(known) : undefined;
  return {
    message: typeof said === "string" ? said : text(message) || `failed expression: ${expression}`,
    reason: text(reason) || "Invalid",
  };
}

/** What every policy is told, each part made only when an expression asks for it. */
function bindingsFor(asked: Asked): Bindings {
  const { core, request, operation, object, old, dryRun } = asked;
  const { resource, attributes, user } = request;
  const { group, version, plural, kind } = resource;
  const known: Bindings = {};
  addLazily(known, "object", () => (object ? toCel(wireForm(request, object)) : null));
  addLazily(known, "oldObject", () => (old ? toCel(wireForm(request, old)) : null));
  addLazily(known, "authorizer", () => authorizerValue(checkAccess(core, request)));
  addLazily(known, "request", () =>
    toCel({
      kind: { group, version, kind },
      resource: { group, version, resource: plural },
      subResource: attributes.subresource || undefined,
      name: nameOf(request, object),
      namespace: attributes.namespace || undefined,
      operation,
      userInfo: userInfo(user),
      dryRun,
    }),
  );
  return known;
}

/** With the variables of a policy. */
function withVariables(known: Bindings, variables: Fields[]): Bindings {
  const all: Bindings = Object.defineProperties({}, Object.getOwnPropertyDescriptors(known));
  for (const { name, expression } of variables) {
    addLazily(all, `variables.${name}`, () => compile(text(expression))(all) as Bindings[string]);
  }
  return all;
}

function addLazily(bindings: Bindings, name: string, make: () => Bindings[string]): void {
  let made: Bindings[string] | undefined;
  Object.defineProperty(bindings, name, {
    enumerable: true,
    get: () => {
      if (made === undefined) made = make();
      return made;
    },
  });
}

function checkAccess({ authorizer, checksAccess }: Core, { user }: ResourceRequest): CheckAccess {
  return (question) =>
    checksAccess
      ? authorizer.decide(user, { ...question, version: "*", isResource: true, path: "" })
      : { allowed: true, reason: "" };
}

function wireForm({ resource, attributes }: ResourceRequest, object: Fields): Fields {
  // What a subresource is given is no object of the resource.
  if (!("metadata" in object) || attributes.subresource === "eviction") return object;
  const shown = resource.fromStored?.(object as KubeObject) ?? object;
  return { ...shown, kind: resource.kind, apiVersion: apiVersionOf(resource) };
}

/** A new object says it itself. */
const nameOf = ({ attributes }: ResourceRequest, object: Fields | undefined) =>
  attributes.name || text(at(object, "metadata", "name"));

function isMatched(policy: KubeObject, { request, operation }: Asked): boolean {
  const { resource, attributes } = request;
  const { group, version, plural } = resource;
  const { subresource, name } = attributes;
  const has = (values: unknown, ...wanted: string[]) =>
    list(values).some((value) => value === "*" || wanted.includes(text(value)));
  return list(at(policy, "spec", "matchConstraints", "resourceRules"))
    .map(fields)
    .some(
      ({ apiGroups, apiVersions, operations, resources, resourceNames }) =>
        has(apiGroups, group) &&
        has(apiVersions, version) &&
        has(operations, operation) &&
        (subresource
          ? list(resources).some((one) =>
              ["*/*", `${plural}/*`, `*/${subresource}`, `${plural}/${subresource}`].includes(text(one)),
            )
          : has(resources, plural, "*/*")) &&
        (list(resourceNames).length === 0 || list(resourceNames).includes(name)),
    );
}

const codes: Record<string, number> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 };

/** The words are those of a refused access, whatever the reason. */
function refusal(
  { request, object }: Asked,
  policy: KubeObject,
  binding: KubeObject,
  { message, reason }: Denial,
): ApiError {
  const { subject } = request.resource;
  const who = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
  const why = `${who} denied request: ${message}`;
  const name = nameOf(request, object);
  return new ApiError(codes[reason] ?? 422, reason, `${qualified(subject)} "${name}" is forbidden: ${why}`, {
    ...details(subject, name),
    causes: [{ message: why }],
  });
}
