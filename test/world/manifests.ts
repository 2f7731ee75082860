import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAllYaml, loadYaml } from "@kubernetes/client-node";
import type { Api } from "../../daemon/cluster/api.ts";
import type { User } from "../kubernetes/api/server.ts";
import { administrator, type ClusterServer } from "../kubernetes/server.ts";

export interface ManifestObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** Who the daemons are to the API server, as their service account tokens say. */
export const daemonUser: User = {
  name: "system:serviceaccount:kube-system:rebootd",
  groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
};

/** The same, with what the token of a pod on this node says besides. */
export const daemonUserOn = (node: string): User => ({
  ...daemonUser,
  extra: { "authentication.kubernetes.io/node-name": [node] },
});

const manifests = fileURLToPath(new URL("../../manifests", import.meta.url));

/** The kinds in our manifests that have no namespace. */
export const clusterWide: ReadonlySet<string> = new Set([
  "ClusterRole",
  "ClusterRoleBinding",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
]);
const collections: Record<string, (namespace: string) => string> = {
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  ClusterRole: () => "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: () => "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  Role: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
  Lease: (namespace) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  ValidatingAdmissionPolicy: () => "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: () =>
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
  DaemonSet: (namespace) => `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
};

/** What `components/without-admission` takes out of the base. */
export const admissionKinds = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];

/** The objects of `manifests/<folder>`, in the namespace that its kustomization names. */
export function readManifests(folder = "base"): ManifestObject[] {
  const read = (file: string) => readFileSync(join(manifests, folder, file), "utf8");
  const { namespace, resources = [] } = loadYaml<{ namespace?: string; resources?: string[] }>(
    read("kustomization.yaml"),
  );
  const objects = resources.flatMap((file) => loadAllYaml(read(file)) as ManifestObject[]);
  return objects.map((object) =>
    clusterWide.has(object.kind) || namespace === undefined
      ? object
      : { ...object, metadata: { ...object.metadata, namespace } },
  );
}

/** Keys that the policy admits beside its own, as docs/harden.md says for options that name them. */
export interface Admitted {
  nodeLabels?: readonly string[];
  removedNodeLabels?: readonly string[];
  nodeAnnotations?: readonly string[];
  leaseAnnotations?: readonly string[];
}

function admitting(object: ManifestObject, admitted: Admitted): ManifestObject {
  const { spec } = object as { spec?: { variables?: { name: string; expression: string }[] } };
  if (object.kind !== "ValidatingAdmissionPolicy" || spec?.variables === undefined) return object;
  const variables = spec.variables.map(({ name, expression }) => {
    const more = admitted[name as keyof Admitted] ?? [];
    return { name, expression: more.length > 0 ? `${expression} + ${JSON.stringify(more)}` : expression };
  });
  return { ...object, spec: { ...spec, variables } } as ManifestObject;
}

/** Creates them, but for those that the caller leaves out. */
export async function createManifests(
  api: Api,
  signal: AbortSignal,
  {
    without = [],
    folder = "base",
    admitted = {},
  }: { without?: readonly string[]; folder?: string; admitted?: Admitted } = {},
): Promise<void> {
  for (const given of readManifests(folder)) {
    if (without.includes(given.kind)) continue;
    const object = admitting(given, admitted);
    await api.create(collectionOf(object), object, { signal });
  }
}

/** The path under which an object of a kind in manifests is created. */
export function collectionOf({ kind, metadata }: Omit<ManifestObject, "apiVersion">): string {
  const collection = collections[kind];
  if (collection === undefined) throw new Error(`no path is known for a ${kind}`);
  return collection(metadata.namespace ?? "");
}

/** All but the DaemonSet, for daemons that are started in its place; for options that name more than the policies admit, with those. */
export async function installRights(server: ClusterServer, admitted: Admitted = {}): Promise<void> {
  const api = server.apiFor(administrator);
  const { signal } = new AbortController();
  // Who has no token of a pod on a node can be no daemon where these are.
  const without = server.bindsTokens ? ["DaemonSet"] : ["DaemonSet", ...admissionKinds];
  await createManifests(api, signal, { without, admitted });
}
