/** What a new cluster has: namespaces, their default service accounts, roles, priority classes. */
import type { Fields, KubeObject } from "./object.ts";
import type { Registry } from "./registry.ts";
import { resourceOf } from "./resources.ts";

const rbac = "rbac.authorization.k8s.io";

interface RoleSpec {
  name: string;
  rules: Fields[];
  /** Takes in what is labelled for it, as its name says. */
  aggregates?: boolean;
  boundTo?: { kind: "Group" | "User"; name: string }[];
}

const rule = (apiGroup: string, resources: string[], verbs: string[]): Fields => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
});
const read = ["get", "list", "watch"];
const write = [...read, "create", "update", "patch", "delete", "deletecollection"];
const authenticated = { kind: "Group", name: "system:authenticated" } as const;
const unauthenticated = { kind: "Group", name: "system:unauthenticated" } as const;
const health = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
const discovery = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", ...health];

const workloads = [
  rule("", ["pods", "configmaps", "secrets", "services", "serviceaccounts", "endpoints"], write),
  rule("", ["persistentvolumeclaims", "pods/status", "pods/eviction", "pods/log"], write),
  rule("apps", ["*"], write),
  rule("batch", ["*"], write),
  rule("policy", ["*"], write),
  rule("", ["events", "namespaces"], read),
];

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings */
const roles: RoleSpec[] = [
  {
    name: "cluster-admin",
    rules: [rule("*", ["*"], ["*"]), { nonResourceURLs: ["*"], verbs: ["*"] }],
    boundTo: [{ kind: "Group", name: "system:masters" }],
  },
  {
    name: "system:basic-user",
    rules: [
      rule("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
      rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
    ],
    boundTo: [authenticated],
  },
  {
    name: "system:discovery",
    rules: [{ nonResourceURLs: discovery, verbs: ["get"] }],
    boundTo: [authenticated],
  },
  {
    name: "system:public-info-viewer",
    rules: [{ nonResourceURLs: health, verbs: ["get"] }],
    boundTo: [authenticated, unauthenticated],
  },
  // A real cluster gives kubelets these rights by the Node authorizer, and only for what concerns their own node.
  {
    name: "system:node",
    rules: [
      rule("", ["nodes", "nodes/status"], ["create", "get", "list", "watch", "update", "patch"]),
      rule("", ["pods"], ["get", "list", "watch", "create", "delete"]),
      rule("", ["pods/status"], ["update", "patch"]),
      rule("", ["pods/eviction"], ["create"]),
      rule("", ["services", "configmaps", "secrets", "persistentvolumeclaims", "persistentvolumes"], read),
      rule("", ["serviceaccounts/token"], ["create"]),
      rule("", ["events"], ["create", "patch", "update"]),
      rule("coordination.k8s.io", ["leases"], ["create", "get", "update", "patch", "delete"]),
      rule("storage.k8s.io", ["volumeattachments"], ["get"]),
      rule("storage.k8s.io", ["csinodes"], ["create", "get", "update", "patch", "delete"]),
      rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
      rule("authorization.k8s.io", ["subjectaccessreviews", "localsubjectaccessreviews"], ["create"]),
    ],
    boundTo: [{ kind: "Group", name: "system:nodes" }],
  },
  {
    name: "system:kube-controller-manager",
    rules: [rule("*", ["*"], ["*"])],
    boundTo: [{ kind: "User", name: "system:kube-controller-manager" }],
  },
  {
    name: "system:kube-scheduler",
    rules: [
      rule(
        "",
        ["nodes", "pods", "namespaces", "persistentvolumes", "persistentvolumeclaims", "services"],
        read,
      ),
      rule("", ["pods"], ["delete"]),
      rule("", ["pods/binding", "bindings"], ["create"]),
      rule("", ["pods/status"], ["patch", "update"]),
      rule("events.k8s.io", ["events"], ["create", "patch", "update"]),
      rule("", ["events"], ["create", "patch", "update"]),
      rule("apps", ["replicasets", "statefulsets"], read),
      rule("policy", ["poddisruptionbudgets"], read),
      rule("storage.k8s.io", ["csinodes"], read),
      rule("coordination.k8s.io", ["leases"], ["create", "get", "list", "watch", "update"]),
    ],
    boundTo: [{ kind: "User", name: "system:kube-scheduler" }],
  },
  {
    name: "admin",
    rules: [...workloads, rule(rbac, ["roles", "rolebindings"], write)],
    aggregates: true,
  },
  { name: "edit", rules: workloads, aggregates: true },
  { name: "view", rules: workloads.map((edit) => ({ ...edit, verbs: read })), aggregates: true },
];

export function bootstrap(registry: Registry): void {
  const create = (id: string, name: string, rest: Fields = {}, namespace?: string) =>
    registry.create(resourceOf(id), namespace, { metadata: { name }, ...rest } as unknown as KubeObject, {
      dryRun: false,
    });
  for (const namespace of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    create("namespaces", namespace);
    create("serviceaccounts", "default", {}, namespace);
  }
  create("priorityclasses.scheduling.k8s.io", "system-cluster-critical", { value: 2_000_000_000 });
  create("priorityclasses.scheduling.k8s.io", "system-node-critical", { value: 2_000_001_000 });
  for (const { name, rules, aggregates, boundTo } of roles) {
    const matchLabels = { [`${rbac}/aggregate-to-${name}`]: "true" };
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels }] };
    create(`clusterroles.${rbac}`, name, { rules, ...(aggregates && { aggregationRule }) });
    if (!boundTo) continue;
    const roleRef = { apiGroup: rbac, kind: "ClusterRole", name };
    create(`clusterrolebindings.${rbac}`, name, { roleRef, subjects: boundTo });
  }
}
