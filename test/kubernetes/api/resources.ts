/** The table of resources. What is not said of one holds for all: see `resource`. */
import { coreEventRules, eventRules, fromCoreEvent, toCoreEvent } from "./kinds/event.ts";
import { nodeRules } from "./kinds/node.ts";
import { operated } from "./kinds/operated.ts";
import {
  budgetRules,
  dataRules,
  leaseRules,
  namespaceRules,
  priorityClassRules,
  roleBindingRules,
  roleRules,
  serviceRules,
} from "./kinds/other.ts";
import { podRules } from "./kinds/pod.ts";
import { admissionBindingRules, admissionPolicyRules, networkPolicyRules } from "./kinds/policy.ts";
import { attachmentRules, claimRules, driversRules, volumeRules } from "./kinds/volume.ts";
import {
  cronJobRules,
  daemonSetRules,
  deploymentRules,
  jobRules,
  replicaSetRules,
  statefulSetRules,
} from "./kinds/workload.ts";
import { at, type Fields } from "./object.ts";
import { type Resource, resourceId, type Subresource } from "./resource.ts";
import { everyVerb, notSupported, paths, resource, shown, status } from "./row.ts";

const scale: Subresource = {
  name: "scale",
  verbs: ["get", "patch", "update"],
  kind: { group: "autoscaling", version: "v1", kind: "Scale" },
};

const unschedulable = (node: Fields) => String(at(node, "spec", "unschedulable") ?? false);
const hostNetwork = (pod: Fields) => String(at(pod, "spec", "hostNetwork") ?? false);
const about = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
const eventSource = (event: Fields) => shown(at(event, "source", "component") ?? event["reportingComponent"]);

const core = [
  resource("", "v1", { kind: "ConfigMap", plural: "configmaps", shortNames: ["cm"], rules: dataRules }),
  resource("", "v1", { kind: "Endpoints", plural: "endpoints", shortNames: ["ep"], createOnUpdate: true }),
  resource("", "v1", {
    kind: "Event",
    plural: "events",
    type: "CoreV1Event",
    shortNames: ["ev"],
    createOnUpdate: true,
    cached: false,
    selectable: {
      ...paths(...about.map((name) => `involvedObject.${name}`), "reason", "reportingComponent", "type"),
      source: eventSource,
    },
    notSelectable: notSupported,
    rules: coreEventRules,
  }),
  resource("", "v1", {
    kind: "Namespace",
    plural: "namespaces",
    namespaced: false,
    shortNames: ["ns"],
    verbs: everyVerb.filter((verb) => verb !== "deletecollection"),
    subresources: [{ name: "finalize", verbs: ["update"] }, status],
    nameRule: "label",
    selectable: { ...paths("status.phase"), name: (object) => shown(at(object, "metadata", "name")) },
    notSelectable: notSupported,
    rules: namespaceRules,
  }),
  resource("", "v1", {
    kind: "Node",
    plural: "nodes",
    namespaced: false,
    shortNames: ["no"],
    subresources: [status],
    selectable: { "spec.unschedulable": unschedulable },
    notSelectable: notSupported,
    rules: nodeRules,
  }),
  resource("", "v1", {
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    namespaced: false,
    shortNames: ["pv"],
    subresources: [status],
    returnsDeleted: true,
    rules: volumeRules,
  }),
  resource("", "v1", {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    shortNames: ["pvc"],
    subresources: [status],
    returnsDeleted: true,
    rules: claimRules,
  }),
  resource("", "v1", {
    kind: "Pod",
    plural: "pods",
    shortNames: ["po"],
    categories: ["all"],
    subresources: [
      { name: "binding", verbs: ["create"], kind: { group: "", version: "v1", kind: "Binding" } },
      { name: "eviction", verbs: ["create"], kind: { group: "policy", version: "v1", kind: "Eviction" } },
      { name: "log", verbs: ["get"] },
      status,
    ],
    returnsDeleted: true,
    hasGeneration: true,
    selectable: {
      ...paths("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
      ...paths("status.phase", "status.podIP", "status.nominatedNodeName"),
      "spec.hostNetwork": hostNetwork,
    },
    notSelectable: notSupported,
    rules: podRules,
  }),
  resource("", "v1", {
    kind: "Secret",
    plural: "secrets",
    selectable: { type: (secret) => shown(secret["type"]) },
    notSelectable: notSupported,
    rules: dataRules,
  }),
  resource("", "v1", {
    kind: "Service",
    plural: "services",
    shortNames: ["svc"],
    categories: ["all"],
    subresources: [status],
    nameRule: "label1035",
    createOnUpdate: true,
    returnsDeleted: true,
    selectable: paths("spec.clusterIP", "spec.type"),
    notSelectable: notSupported,
    rules: serviceRules,
  }),
  resource("", "v1", {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    shortNames: ["sa"],
    subresources: [
      {
        name: "token",
        verbs: ["create"],
        kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
      },
    ],
    unconditionalUpdate: false,
    returnsDeleted: true,
  }),
];

const apps = [
  resource("apps", "v1", {
    kind: "DaemonSet",
    plural: "daemonsets",
    unseen: "deprecated.daemonset.template.generation",
    shortNames: ["ds"],
    categories: ["all"],
    subresources: [status],
    hasGeneration: true,
    rules: daemonSetRules,
  }),
  resource("apps", "v1", {
    kind: "Deployment",
    plural: "deployments",
    shortNames: ["deploy"],
    categories: ["all"],
    subresources: [scale, status],
    hasGeneration: true,
    rules: deploymentRules,
  }),
  resource("apps", "v1", {
    kind: "ReplicaSet",
    plural: "replicasets",
    shortNames: ["rs"],
    categories: ["all"],
    subresources: [scale, status],
    hasGeneration: true,
    selectable: { "status.replicas": (object) => shown(at(object, "status", "replicas") ?? 0) },
    rules: replicaSetRules,
  }),
  resource("apps", "v1", {
    kind: "StatefulSet",
    plural: "statefulsets",
    shortNames: ["sts"],
    categories: ["all"],
    subresources: [scale, status],
    hasGeneration: true,
    rules: statefulSetRules,
  }),
];

const rbac = (kind: string, plural: string, namespaced: boolean) =>
  resource("rbac.authorization.k8s.io", "v1", {
    kind,
    plural,
    namespaced,
    nameRule: "path",
    createOnUpdate: true,
    rules: kind.endsWith("Binding") ? roleBindingRules : roleRules,
  });

/** Reviews are asked and answered with a POST; nothing is stored. */
const review = (group: string, kind: string, namespaced = false) =>
  resource(group, "v1", {
    kind,
    plural: kind === "LocalSubjectAccessReview" ? "localsubjectaccessreviews" : `${kind.toLowerCase()}s`,
    namespaced,
    verbs: ["create"],
  });

export const resources: Resource[] = [
  ...core,
  resource("admissionregistration.k8s.io", "v1", {
    kind: "ValidatingAdmissionPolicy",
    plural: "validatingadmissionpolicies",
    namespaced: false,
    subresources: [status],
    hasGeneration: true,
    rules: admissionPolicyRules,
  }),
  resource("admissionregistration.k8s.io", "v1", {
    kind: "ValidatingAdmissionPolicyBinding",
    plural: "validatingadmissionpolicybindings",
    namespaced: false,
    hasGeneration: true,
    rules: admissionBindingRules,
  }),
  ...apps,
  resource("authentication.k8s.io", "v1", {
    kind: "SelfSubjectReview",
    plural: "selfsubjectreviews",
    namespaced: false,
    verbs: ["create"],
  }),
  review("authentication.k8s.io", "TokenReview"),
  review("authorization.k8s.io", "LocalSubjectAccessReview", true),
  review("authorization.k8s.io", "SelfSubjectAccessReview"),
  review("authorization.k8s.io", "SelfSubjectRulesReview"),
  review("authorization.k8s.io", "SubjectAccessReview"),
  resource("batch", "v1", { kind: "CronJob", plural: "cronjobs", rules: cronJobRules }),
  resource("batch", "v1", {
    kind: "Job",
    plural: "jobs",
    categories: ["all"],
    subresources: [status],
    hasGeneration: true,
    rules: jobRules,
  }),
  resource("coordination.k8s.io", "v1", {
    kind: "Lease",
    plural: "leases",
    unconditionalUpdate: false,
    createOnUpdate: true,
    rules: leaseRules,
  }),
  resource("events.k8s.io", "v1", {
    kind: "Event",
    plural: "events",
    type: "EventsV1Event",
    shortNames: ["ev"],
    createOnUpdate: true,
    cached: false,
    store: "events",
    // The registry behind both groups is that of core/v1, and its errors say so.
    subject: { group: "", resource: "events" },
    kindSubject: { group: "", resource: "Event" },
    toStored: toCoreEvent,
    fromStored: fromCoreEvent,
    selectable: {
      ...Object.fromEntries(
        about.map((name) => [
          `regarding.${name}`,
          (event: Fields) => shown(at(event, "involvedObject", name)),
        ]),
      ),
      ...paths("reason", "type"),
      reportingController: (event) => shown(event["reportingComponent"]),
    },
    notSelectable: notSupported,
    rules: eventRules,
  }),
  // Custom resources of the Prometheus Operator, as where it is installed.
  resource("monitoring.coreos.com", "v1", {
    kind: "PodMonitor",
    plural: "podmonitors",
    shortNames: ["pmon"],
    hasGeneration: true,
  }),
  resource("monitoring.coreos.com", "v1", {
    kind: "PrometheusRule",
    plural: "prometheusrules",
    shortNames: ["promrule"],
    hasGeneration: true,
  }),
  ...operated,
  resource("networking.k8s.io", "v1", {
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    shortNames: ["netpol"],
    hasGeneration: true,
    rules: networkPolicyRules,
  }),
  resource("policy", "v1", {
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    shortNames: ["pdb"],
    subresources: [status],
    unconditionalUpdate: false,
    hasGeneration: true,
    rules: budgetRules,
  }),
  rbac("ClusterRole", "clusterroles", false),
  rbac("ClusterRoleBinding", "clusterrolebindings", false),
  rbac("Role", "roles", true),
  rbac("RoleBinding", "rolebindings", true),
  resource("scheduling.k8s.io", "v1", {
    kind: "PriorityClass",
    plural: "priorityclasses",
    namespaced: false,
    shortNames: ["pc"],
    hasGeneration: true,
    rules: priorityClassRules,
  }),
  resource("storage.k8s.io", "v1", {
    kind: "CSINode",
    plural: "csinodes",
    namespaced: false,
    unconditionalUpdate: false,
    returnsDeleted: true,
    rules: driversRules,
  }),
  resource("storage.k8s.io", "v1", {
    kind: "VolumeAttachment",
    plural: "volumeattachments",
    namespaced: false,
    subresources: [status],
    unconditionalUpdate: false,
    returnsDeleted: true,
    rules: attachmentRules,
  }),
];

const byPath = new Map(resources.map((row) => [`${row.group}/${row.version}/${row.plural}`, row]));
export const groupVersions = new Set(resources.map(({ group, version }) => `${group}/${version}`));
export const groups = new Set(resources.map(({ group }) => group));

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return byPath.get(`${group}/${version}/${plural}`);
}

/** The row of a resource that is known to exist. */
export function resourceOf(id: string): Resource {
  const found = resources.find((row) => resourceId(row.group, row.plural) === id);
  if (!found) throw new Error(`no resource ${id}`);
  return found;
}
