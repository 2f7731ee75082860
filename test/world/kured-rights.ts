/** kured's ServiceAccount and its rights, exactly as its manifest gives them, and the DaemonSet that carries its lock. */
import type { Api } from "../../daemon/cluster/api.ts";
import type { User } from "../kubernetes/api/server.ts";
import { collectionOf } from "./manifests.ts";

const namespace = "kube-system";
const apiVersion = "rbac.authorization.k8s.io/v1";
const labels = { name: "kured" };

/** Who kured's pods are to the API server. */
export const kuredUser: User = {
  name: `system:serviceaccount:${namespace}:kured`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
};

/** The daemon takes the place of kured's, whose pods are played: no node of the cluster takes one. */
const daemonSet = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "kured", namespace },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: "kured",
        nodeSelector: { "machines.test/nowhere": "true" },
        containers: [{ name: "kured", image: "ghcr.io/kubereboot/kured:1.23.0" }],
      },
    },
  },
};

const subjects = [{ kind: "ServiceAccount", name: "kured", namespace }];
const roleRef = (kind: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: "kured" });

/** https://github.com/kubereboot/kured/blob/1.23.0/kured-rbac.yaml */
const rights = [
  {
    apiVersion,
    kind: "ClusterRole",
    metadata: { name: "kured" },
    rules: [
      { apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["list", "delete", "get"] },
      { apiGroups: ["apps"], resources: ["daemonsets"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
    ],
  },
  {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name: "kured" },
    roleRef: roleRef("ClusterRole"),
    subjects,
  },
  {
    apiVersion,
    kind: "Role",
    metadata: { name: "kured", namespace },
    rules: [{ apiGroups: ["apps"], resources: ["daemonsets"], resourceNames: ["kured"], verbs: ["update"] }],
  },
  {
    apiVersion,
    kind: "RoleBinding",
    metadata: { name: "kured", namespace },
    roleRef: roleRef("Role"),
    subjects,
  },
];

/** As somebody who ran kured has it in the cluster; the namespace has to be there. */
export async function installKured(api: Api, signal: AbortSignal): Promise<void> {
  for (const object of [...rights, daemonSet]) {
    await api.create(collectionOf(object), object, { signal });
  }
}
