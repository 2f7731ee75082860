/**
 * Nobody may grant rights that he does not have, unless he may `escalate` the role or `bind` it.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
import type { User } from "./authn.ts";
import { type Authorizer, allows, effectiveRules, type Rule, rulesOf } from "./authz.ts";
import { at, type KubeObject, text } from "./object.ts";
import type { Attributes } from "./request.ts";
import { type Resource, resourceId } from "./resource.ts";
import { type ApiError, forbidden } from "./status.ts";
import type { Store } from "./store.ts";

const group = "rbac.authorization.k8s.io";

/** The 403 for a role or a binding that grants more than its author has; undefined when he may. */
export function escalation(
  store: Store,
  authorizer: Authorizer,
  user: User,
  resource: Resource,
  object: KubeObject,
): ApiError | undefined {
  if (resource.group !== group || user.groups.includes("system:masters")) return undefined;
  const isBinding = resource.kind.endsWith("Binding");
  const namespace = resource.namespaced ? text(object.metadata.namespace) : "";
  const role = isBinding ? roleOf(store, object, namespace) : object;
  const about = isBinding ? at(object, "roleRef") : undefined;
  const plural = about ? (at(about, "kind") === "Role" ? "roles" : "clusterroles") : resource.plural;
  const verb = isBinding ? "bind" : "escalate";
  const name = about ? text(at(about, "name")) : object.metadata.name;
  if (authorizer.decide(user, attributes(verb, plural, namespace, name)).allowed) return undefined;
  const held = authorizer.grantsOf(user, namespace).map(({ rule }) => rule);
  if (
    resource.kind === "ClusterRole" &&
    aggregates(store, object) &&
    !everything.every((rule) => covers(held, rule))
  ) {
    const why = "must have cluster-admin privileges to use an aggregationRule";
    return forbidden(resource.subject, object.metadata.name, why);
  }
  const granted = role === undefined ? [] : isBinding ? effectiveRules(store, role) : rulesOf(role);
  const missing = granted.filter((rule) => !covers(held, rule));
  if (missing.length === 0) return undefined;
  const groups = user.groups.map((one) => JSON.stringify(one)).join(" ");
  const who = `user ${JSON.stringify(user.name)} (groups=[${groups}])`;
  const what = "is attempting to grant RBAC permissions not currently held";
  return forbidden(
    resource.subject,
    object.metadata.name,
    `${who} ${what}:\n${missing.map(ruleText).join("\n")}`,
  );
}

const none = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
const everything: Rule[] = [
  { ...none, verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { ...none, verbs: ["*"], nonResourceURLs: ["*"] },
];

/** An aggregated role comes to hold whatever anybody labels for it; that goes for one that did before, too. */
function aggregates(store: Store, { metadata, aggregationRule }: KubeObject): boolean {
  if (aggregationRule) return true;
  return store.get(resourceId(group, "clusterroles"), metadata.name)?.["aggregationRule"] !== undefined;
}

function roleOf(store: Store, binding: KubeObject, namespace: string): KubeObject | undefined {
  const name = text(at(binding, "roleRef", "name"));
  const isRole = at(binding, "roleRef", "kind") === "Role";
  return store.get(
    resourceId(group, isRole ? "roles" : "clusterroles"),
    isRole ? `${namespace}/${name}` : name,
  );
}

function attributes(verb: string, resource: string, namespace: string, name: string): Attributes {
  return {
    verb,
    isResource: true,
    path: "",
    group,
    version: "v1",
    resource,
    subresource: "",
    namespace,
    name,
  };
}

/** Whether every single right of the rule is held. */
function covers(held: Rule[], rule: Rule): boolean {
  const single = (verb: string, more: Partial<Attributes>) =>
    held.some((own) => allows(own, { ...attributes(verb, "", "", ""), ...more }));
  return rule.verbs.every((verb) => {
    const paths = rule.nonResourceURLs.every((path) => single(verb, { isResource: false, path }));
    const names = rule.resourceNames.length > 0 ? rule.resourceNames : [""];
    const objects = rule.apiGroups.every((apiGroup) =>
      rule.resources.every((whole) => {
        const [resource = "", subresource = ""] = whole.split("/");
        return names.every((name) => single(verb, { group: apiGroup, resource, subresource, name }));
      }),
    );
    return paths && objects;
  });
}

function ruleText({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: Rule): string {
  const parts: [string, string[]][] = [
    ["APIGroups", apiGroups],
    ["Resources", resources],
    ["ResourceNames", resourceNames],
    ["NonResourceURLs", nonResourceURLs],
    ["Verbs", verbs],
  ];
  const shown = parts
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `${name}:[${values.map((value) => JSON.stringify(value)).join(" ")}]`);
  return `{${shown.join(", ")}}`;
}
