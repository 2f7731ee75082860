/**
 * Role-based access control, from the roles and bindings that are stored.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
import type { User } from "./authn.ts";
import { at, fields, type KubeObject, list, text } from "./object.ts";
import type { Attributes } from "./request.ts";
import { matchesSelector } from "./selectors.ts";
import { ApiError, forbidden } from "./status.ts";
import type { Store } from "./store.ts";

export interface Rule {
  verbs: string[];
  apiGroups: string[];
  resources: string[];
  resourceNames: string[];
  nonResourceURLs: string[];
}

/** A rule, and the sentence that says through what the user has it. */
export interface Grant {
  rule: Rule;
  reason: string;
}

export type Decision = { allowed: true; reason: string } | { allowed: false; reason: string };

export interface Authorizer {
  decide(user: User, attributes: Attributes): Decision;
  /** All grants of a user, cluster-wide and in one namespace. */
  grantsOf(user: User, namespace: string): Grant[];
}

const rbac = "rbac.authorization.k8s.io";
const roles = `roles.${rbac}`;
const clusterRoles = `clusterroles.${rbac}`;
const roleBindings = `rolebindings.${rbac}`;
const clusterRoleBindings = `clusterrolebindings.${rbac}`;

export function createAuthorizer(store: Store): Authorizer {
  let cache = new Map<string, { grants: Grant[]; errors: string[] }>();
  for (const resource of [roles, clusterRoles, roleBindings, clusterRoleBindings]) {
    store.subscribe(resource, () => {
      if (cache.size > 0) cache = new Map();
    });
  }

  function resolve(user: User, namespace: string) {
    const key = `${namespace}|${user.name}|${user.groups.join()}`;
    let known = cache.get(key);
    if (!known) {
      known = collect(store, user, namespace);
      cache.set(key, known);
    }
    return known;
  }

  return {
    decide(user, attributes) {
      if (user.groups.includes("system:masters")) return { allowed: true, reason: "" };
      const errors: string[] = [];
      for (const scope of attributes.namespace ? ["", attributes.namespace] : [""]) {
        const found = resolve(user, scope);
        const grant = found.grants.find(({ rule }) => allows(rule, attributes));
        if (grant) return { allowed: true, reason: grant.reason };
        errors.push(...found.errors);
      }
      const reason =
        errors.length > 0 ? `RBAC: ${errors.length > 1 ? `[${errors.join(", ")}]` : errors[0]}` : "";
      return { allowed: false, reason };
    },
    grantsOf: (user, namespace) => [
      ...resolve(user, "").grants,
      ...(namespace ? resolve(user, namespace).grants : []),
    ],
  };
}

function collect(store: Store, user: User, namespace: string): { grants: Grant[]; errors: string[] } {
  const grants: Grant[] = [];
  const errors: string[] = [];
  const kind = namespace ? "RoleBinding" : "ClusterRoleBinding";
  const bindings = namespace ? store.list(roleBindings, `${namespace}/`) : store.list(clusterRoleBindings);
  for (const [, binding] of bindings) {
    const subject = list(binding["subjects"]).find((candidate) => isSubject(candidate, user, namespace));
    if (subject === undefined) continue;
    const { kind: roleKind, name } = fields(binding["roleRef"]);
    const isRole = roleKind === "Role";
    const role = store.get(isRole ? roles : clusterRoles, isRole ? `${namespace}/${name}` : text(name));
    if (!role) {
      errors.push(`${text(roleKind).toLowerCase()}.${rbac} "${name}" not found`);
      continue;
    }
    const { name: bindingName } = binding.metadata;
    const shown = namespace ? `${bindingName}/${namespace}` : bindingName;
    const reason = `RBAC: allowed by ${kind} "${shown}" of ${roleKind} "${name}" to ${subjectText(subject)}`;
    grants.push(...effectiveRules(store, role).map((rule) => ({ rule, reason })));
  }
  return { grants, errors };
}

function isSubject(subject: unknown, user: User, bindingNamespace: string): boolean {
  const { kind, name, namespace } = fields(subject);
  switch (kind) {
    case "User":
      return user.name === name;
    case "Group":
      return user.groups.includes(text(name));
    case "ServiceAccount":
      return user.name === `system:serviceaccount:${text(namespace) || bindingNamespace}:${name}`;
    default:
      return false;
  }
}

function subjectText(subject: unknown): string {
  const { kind, name, namespace } = fields(subject);
  return `${kind} "${namespace ? `${name}/${namespace}` : name}"`;
}

/**
 * The rules of a role with those of the ClusterRoles that it aggregates. In a real cluster a controller writes these
 * into the role; here they count without being written.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
 */
export function effectiveRules(store: Store, role: KubeObject): Rule[] {
  const selectors = list(at(role, "aggregationRule", "clusterRoleSelectors"));
  if (selectors.length === 0) return rulesOf(role);
  const joined = store
    .list(clusterRoles)
    .map(([, other]) => other)
    .filter((other) => other.metadata.name !== role.metadata.name)
    .filter(({ metadata }) => selectors.some((selector) => matchesSelector(selector, metadata.labels)));
  return [role, ...joined].flatMap(rulesOf);
}

export function rulesOf(role: KubeObject): Rule[] {
  return list(role["rules"]).map((rule) => {
    const texts = (key: string) => list(at(rule, key)).map(text);
    return {
      verbs: texts("verbs"),
      apiGroups: texts("apiGroups"),
      resources: texts("resources"),
      resourceNames: texts("resourceNames"),
      nonResourceURLs: texts("nonResourceURLs"),
    };
  });
}

export function allows(
  rule: Rule,
  { verb, isResource, path, group, resource, subresource, name }: Attributes,
): boolean {
  const has = (values: string[], wanted: string) => values.includes("*") || values.includes(wanted);
  if (!has(rule.verbs, verb)) return false;
  if (!isResource) {
    return rule.nonResourceURLs.some(
      (pattern) => pattern === path || (pattern.endsWith("*") && path.startsWith(pattern.slice(0, -1))),
    );
  }
  if (!has(rule.apiGroups, group)) return false;
  const whole = subresource ? `${resource}/${subresource}` : resource;
  const named = rule.resources.some(
    (pattern) =>
      pattern === "*" || pattern === whole || (subresource !== "" && pattern === `*/${subresource}`),
  );
  if (!named) return false;
  return rule.resourceNames.length === 0 || (name !== "" && rule.resourceNames.includes(name));
}

/** The 403 for a request that no rule allows. */
export function refusal(user: User, attributes: Attributes, reason: string): ApiError {
  const { verb, isResource, path, group, resource, subresource, namespace, name } = attributes;
  const tail = reason && `: ${reason}`;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (!isResource) {
    const message = `forbidden: ${who} path ${JSON.stringify(path)}${tail}`;
    return new ApiError(403, "Forbidden", message, {});
  }
  const whole = subresource ? `${resource}/${subresource}` : resource;
  const scope = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  const what = `resource "${whole}" in API group "${group}" ${scope}`;
  return forbidden({ group, resource }, nameToShow(verb, name), `${who} ${what}${tail}`);
}

/** The name that a field selector of a list stands for grants, but is not shown. */
const nameToShow = (verb: string, name: string) =>
  ["list", "watch", "deletecollection", "create"].includes(verb) && !name ? "" : name;
