import type {
  V1CSINode,
  V1DaemonSet,
  V1Lease,
  V1Node,
  V1ObjectMeta,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1VolumeAttachment,
} from "@kubernetes/client-node";

/** The client library's types as they are on the wire: dates are text. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [K in keyof T]: Wire<T[K]> }
      : T;

export type Metadata = Wire<V1ObjectMeta>;
export type Node = Wire<V1Node>;
export type Pod = Wire<V1Pod>;
export type Budget = Wire<V1PodDisruptionBudget>;
export type Lease = Wire<V1Lease>;
export type DaemonSet = Wire<V1DaemonSet>;
export type PersistentVolumeClaim = Wire<V1PersistentVolumeClaim>;
export type VolumeAttachment = Wire<V1VolumeAttachment>;
export type CSINode = Wire<V1CSINode>;
/** https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
export interface PartialObjectMetadata {
  metadata?: Metadata;
}

export interface List<T> {
  metadata: {
    resourceVersion: string | undefined;
    /** For the next page; undefined on the last one. */
    continue: string | undefined;
    /** Optional also where there are more: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/list-meta/ */
    remainingItemCount: number | undefined;
  };
  items: T[];
}

export const paths = {
  nodes: "/api/v1/nodes",
  node: (name: string) => `/api/v1/nodes/${encodeURIComponent(name)}`,
  pods: "/api/v1/pods",
  podsIn: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  pod: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/pods/${name}`,
  eviction: (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
  persistentVolumeClaim: (namespace: string, name: string) =>
    `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`,
  volumeAttachments: "/apis/storage.k8s.io/v1/volumeattachments",
  csiNode: (name: string) => `/apis/storage.k8s.io/v1/csinodes/${name}`,
  events: (namespace: string) => `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  leases: (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  budgetsIn: (namespace: string) => `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
  budgets: "/apis/policy/v1/poddisruptionbudgets",
  allDaemonSets: "/apis/apps/v1/daemonsets",
  selfSubjectReviews: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
  daemonSets: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
} as const;
