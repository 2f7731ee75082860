/**
 * A request on behalf of somebody else, as `kubectl --as` makes it.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
 */
import type { User } from "./authn.ts";
import { refusal } from "./authz.ts";
import type { Core } from "./core.ts";
import type { Attributes } from "./request.ts";

export const groupHeader = "impersonate-group";
/** Separates the values of that header in a call; no header can have it. */
export const betweenGroups = "\n";

export function impersonated({ authorizer }: Core, user: User, headers: Record<string, string>): User {
  const name = headers["impersonate-user"];
  if (!name) return user;
  const asked = (headers[groupHeader] ?? "").split(betweenGroups).filter(Boolean);
  const uid = headers["impersonate-uid"];
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const [, namespace = "", accountName = ""] = account ?? [];
  check(account ? attributes("serviceaccounts", accountName, namespace) : attributes("users", name));
  for (const group of asked) check(attributes("groups", group));
  if (uid) check({ ...attributes("uids", uid), group: "authentication.k8s.io" });
  const own = account ? ["system:serviceaccounts", `system:serviceaccounts:${namespace}`] : [];
  const groups = new Set([...(asked.length > 0 ? asked : own), "system:authenticated"]);
  return { name, groups: [...groups], ...(uid && { uid }) };

  function check(wanted: Attributes): void {
    const decision = authorizer.decide(user, wanted);
    if (!decision.allowed) throw refusal(user, wanted, decision.reason);
  }
}

function attributes(resource: string, name: string, namespace = ""): Attributes {
  const version = "v1";
  return {
    verb: "impersonate",
    isResource: true,
    path: "",
    group: "",
    version,
    resource,
    subresource: "",
    namespace,
    name,
  };
}
