import type {
  V1Deployment,
  V1Job,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1PodDisruptionBudget,
  V1ReplicaSet,
  V1VolumeAttachment,
} from "@kubernetes/client-node";
import type {
  DaemonSet,
  Lease,
  Metadata,
  WholeNode,
  WholePod,
  Wire,
} from "../../../daemon/cluster/objects.ts";

/** What the server has stored has a name, a UID and a version; what is only to be created has not. */
export type Stored<T> = Omit<T, "metadata"> & {
  metadata: Metadata & { name: string; uid: string; resourceVersion: string };
};
export type StoredObject = Stored<{ metadata?: Metadata }>;

export type StoredNode = Stored<WholeNode>;
export type StoredPod = Stored<WholePod>;
export type StoredLease = Stored<Lease>;
export type StoredDaemonSet = Stored<DaemonSet>;
export type StoredReplicaSet = Stored<Wire<V1ReplicaSet>>;
export type StoredDeployment = Stored<Wire<V1Deployment>>;
export type StoredJob = Stored<Wire<V1Job>>;
export type StoredBudget = Stored<Wire<V1PodDisruptionBudget>>;
export type StoredVolume = Stored<Wire<V1PersistentVolume>>;
export type StoredClaim = Stored<Wire<V1PersistentVolumeClaim>>;
export type StoredAttachment = Stored<Wire<V1VolumeAttachment>>;

export type PodSpec = NonNullable<WholePod["spec"]>;
export type PodTemplate = NonNullable<StoredReplicaSet["spec"]>["template"];
export type LabelSelector = NonNullable<NonNullable<StoredBudget["spec"]>["selector"]>;
export type OwnerReference = NonNullable<Metadata["ownerReferences"]>[number];
export type Taint = NonNullable<NonNullable<WholeNode["spec"]>["taints"]>[number];

/** Kinds as they are found in paths. */
const groups = {
  nodes: "/api/v1",
  namespaces: "/api/v1",
  pods: "/api/v1",
  persistentvolumes: "/api/v1",
  persistentvolumeclaims: "/api/v1",
  leases: "/apis/coordination.k8s.io/v1",
  jobs: "/apis/batch/v1",
  cronjobs: "/apis/batch/v1",
  replicasets: "/apis/apps/v1",
  deployments: "/apis/apps/v1",
  daemonsets: "/apis/apps/v1",
  poddisruptionbudgets: "/apis/policy/v1",
  volumeattachments: "/apis/storage.k8s.io/v1",
} as const;
export type Resource = keyof typeof groups;

/** The collection: of one namespace, or of all of them. */
export function collection(resource: Resource, namespace?: string): string {
  return namespace === undefined
    ? `${groups[resource]}/${resource}`
    : `${groups[resource]}/namespaces/${namespace}/${resource}`;
}

export function pathOf(
  resource: Resource,
  object: { metadata: { namespace?: string; name: string } },
): string {
  return `${collection(resource, object.metadata.namespace)}/${object.metadata.name}`;
}

/** `namespace/name`, or the name alone. */
export function keyOf(object: { metadata: { namespace?: string; name: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function controllerOf(object: { metadata: Metadata }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function ownedBy(kind: string, owner: StoredObject): OwnerReference[] {
  const { name, uid } = owner.metadata;
  return [{ apiVersion: "apps/v1", kind, name, uid, controller: true, blockOwnerDeletion: true }];
}

export function isDeleted(object: { metadata: Metadata }): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase */
export function isFinished(pod: WholePod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function isReady(object: WholePod | WholeNode): boolean {
  return conditionOf(object, "Ready")?.status === "True";
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastHeartbeatTime?: string;
}

export function conditionOf(
  object: { status?: { conditions?: Condition[] } },
  type: string,
): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

/** The list with these conditions set; the time of transition moves only when the status does. */
export function withConditions(
  conditions: readonly Condition[] | undefined,
  now: string,
  ...set: Condition[]
): Condition[] {
  const result = [...(conditions ?? [])];
  for (const condition of set) {
    const at = result.findIndex((other) => other.type === condition.type);
    const before = result[at];
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
    const next = { ...condition, lastTransitionTime: since ?? now };
    if (at < 0) result.push(next);
    else result[at] = next;
  }
  return result;
}

/** Times of the API have whole seconds. */
export function timeText(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

/** As in names made by controllers: without vowels, so that no word comes out. */
export function randomSuffix(random: () => number): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from({ length: 5 }, () => letters[Math.floor(random() * letters.length)]).join("");
}
