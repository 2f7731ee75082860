import { ApiError } from "./api.ts";

/**
 * Paths of the API. Names are not trusted: the owner of a pod writes the names of its controller and of its
 * claims.
 */
export const paths = {
  nodes: "/api/v1/nodes",
  namespaces: "/api/v1/namespaces",
  node: (name: string) => path`/api/v1/nodes/${name}`,
  nodeStatus: (name: string) => path`/api/v1/nodes/${name}/status`,
  pods: "/api/v1/pods",
  configMap: (namespace: string, name: string) => path`/api/v1/namespaces/${namespace}/configmaps/${name}`,
  podsIn: (namespace: string) => path`/api/v1/namespaces/${namespace}/pods`,
  pod: (namespace: string, name: string) => path`/api/v1/namespaces/${namespace}/pods/${name}`,
  eviction: (namespace: string, name: string) => path`/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
  persistentVolumeClaim: (namespace: string, name: string) =>
    path`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`,
  volumeAttachments: "/apis/storage.k8s.io/v1/volumeattachments",
  volumeAttachment: (name: string) => path`/apis/storage.k8s.io/v1/volumeattachments/${name}`,
  csiNode: (name: string) => path`/apis/storage.k8s.io/v1/csinodes/${name}`,
  coreEvents: (namespace: string) => path`/api/v1/namespaces/${namespace}/events`,
  events: (namespace: string) => path`/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  leases: (namespace: string) => path`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  lease: (namespace: string, name: string) =>
    path`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`,
  budgetsIn: (namespace: string) => path`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
  budgets: "/apis/policy/v1/poddisruptionbudgets",
  allDaemonSets: "/apis/apps/v1/daemonsets",
  daemonSets: (namespace: string) => path`/apis/apps/v1/namespaces/${namespace}/daemonsets`,
  daemonSet: (namespace: string, name: string) =>
    path`/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`,
  jobs: (namespace: string) => path`/apis/batch/v1/namespaces/${namespace}/jobs`,
  job: (namespace: string, name: string) => path`/apis/batch/v1/namespaces/${namespace}/jobs/${name}`,
  cronJob: (namespace: string, name: string) => path`/apis/batch/v1/namespaces/${namespace}/cronjobs/${name}`,
  podLog: (namespace: string, name: string) => path`/api/v1/namespaces/${namespace}/pods/${name}/log`,
  deployment: (namespace: string, name: string) =>
    path`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
  replicaSet: (namespace: string, name: string) =>
    path`/apis/apps/v1/namespaces/${namespace}/replicasets/${name}`,
  selfSubjectReviews: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
  selfSubjectAccessReviews: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
  subjectAccessReviews: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
  admissionPolicies: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  admissionPolicyBindings: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
  /** Plans of the system-upgrade-controller. */
  upgradePlans: "/apis/upgrade.cattle.io/v1/plans",
  version: "/version",
  /** The kinds that are served; the core group is the empty text. */
  groupVersion: (group: string, version: string) =>
    group === "" ? path`/api/${version}` : path`/apis/${group}/${version}`,
  /** All objects of a kind, in all namespaces where none is given. */
  objects: (group: string, version: string, plural: string, namespace?: string) =>
    paths.groupVersion(group, version) +
    (namespace === undefined ? path`/${plural}` : path`/namespaces/${namespace}/${plural}`),
  object: (group: string, version: string, plural: string, name: string, namespace?: string): string =>
    paths.objects(group, version, plural, namespace) + path`/${name}`,
  /** `service` is "name:port" or "https:name:port"; `rest` is a path of the server behind it. */
  serviceProxy: (namespace: string, service: string, rest: string) =>
    `${path`/api/v1/namespaces/${namespace}/services/${service}/proxy`}${rest}`,
} as const;

/** Splits "namespace/name". The namespace has no slash; the name may have one. */
export function splitKey(key: string): [namespace: string, name: string] {
  const slash = key.indexOf("/");
  return [key.slice(0, slash), key.slice(slash + 1)];
}

function path(fixed: TemplateStringsArray, ...names: string[]): string {
  return String.raw({ raw: fixed }, ...names.map(segment));
}

/**
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#path-segment-names; no kind has
 * longer names.
 */
const nameMaxChars = 253;

/**
 * A name as a segment of a path. An invalid name is not found: in a path it could lead to another resource.
 */
function segment(name: string): string {
  const isName =
    name !== "" && name.length <= nameMaxChars && !/^\.\.?$|[/%]/.test(name) && name.isWellFormed();
  if (isName) return encodeURIComponent(name);
  throw new ApiError(`invalid object name ${JSON.stringify(name.slice(0, 60))}`, { code: "not-found" });
}
