import type {
  V1CronJob,
  V1CSINode,
  V1DaemonSet,
  V1Job,
  V1Lease,
  V1Node,
  V1ObjectMeta,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1VolumeAttachment,
} from "@kubernetes/client-node";
import { contract } from "../annotations/names.ts";
import { type Kept, kept } from "./parts.ts";

/** The name of an object in a namespace, and its UID. */
export interface ObjectName {
  namespace: string;
  name: string;
  uid: string | undefined;
}

export function objectName(object: { metadata?: Partial<Record<keyof ObjectName, string>> }): ObjectName {
  const { namespace = "", name = "", uid } = object.metadata ?? {};
  return { namespace, name, uid };
}

/** The client library's types, but with dates as text, as in JSON. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [K in keyof T]: Wire<T[K]> }
      : T;

export type Metadata = Wire<V1ObjectMeta>;
export type WholeNode = Wire<V1Node>;
export type WholePod = Wire<V1Pod>;
export type WholeBudget = Wire<V1PodDisruptionBudget>;
export type Lease = Wire<V1Lease>;
export type Job = Wire<V1Job>;
export type CronJob = Wire<V1CronJob>;
export type DaemonSet = Wire<V1DaemonSet>;
export type PersistentVolumeClaim = Wire<V1PersistentVolumeClaim>;
export type VolumeAttachment = Wire<V1VolumeAttachment>;
export type CSINode = Wire<V1CSINode>;
/** https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
export interface PartialObjectMetadata {
  metadata?: Metadata;
}

const container = { resources: { requests: true }, restartPolicy: true } as const;

/** The resources that a pod takes of its node, in its spec. */
export const partsOfClaim = {
  nodeName: true,
  containers: container,
  initContainers: container,
  overhead: true,
  resources: { requests: true },
} as const;

const partsOfPod = {
  metadata: {
    name: true,
    namespace: true,
    generateName: true,
    uid: true,
    labels: true,
    annotations: {
      [contract.mirror.key]: true,
      [contract.doNotDisrupt.key]: true,
      [contract.safeToEvict.key]: true,
    },
    ownerReferences: true,
    finalizers: true,
    creationTimestamp: true,
    deletionTimestamp: true,
    deletionGracePeriodSeconds: true,
  },
  spec: {
    ...partsOfClaim,
    nodeSelector: true,
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: true } },
    tolerations: true,
    priorityClassName: true,
    priority: true,
    preemptionPolicy: true,
    terminationGracePeriodSeconds: true,
    volumes: { name: true, emptyDir: { medium: true }, persistentVolumeClaim: true, ephemeral: {} },
  },
  status: { phase: true, startTime: true, conditions: { type: true, status: true } },
} as const;

/** A pod without the parts that rebootd does not need. A node may have a thousand pods of a megabyte each. */
export type Pod = Kept<WholePod, typeof partsOfPod>;

export function keptOfPod(pod: WholePod): Pod {
  return kept(pod, partsOfPod);
}

const partsOfNode = {
  metadata: { name: true, uid: true, labels: true },
  spec: { unschedulable: true, taints: true, providerID: true },
  status: {
    allocatable: true,
    conditions: { type: true, status: true, lastTransitionTime: true },
  },
} as const;

/** A Node of a list, without the parts that rebootd does not need. */
export type Node = Kept<WholeNode, typeof partsOfNode>;

export function keptOfNode(node: WholeNode): Node {
  return kept(node, partsOfNode);
}

const partsOfBudget = {
  metadata: { name: true, namespace: true, uid: true, generation: true, labels: true, ownerReferences: true },
  spec: true,
  status: {
    observedGeneration: true,
    disruptionsAllowed: true,
    currentHealthy: true,
    desiredHealthy: true,
    expectedPods: true,
    conditions: { type: true, status: true, reason: true, message: true, lastTransitionTime: true },
  },
} as const;

/** A PodDisruptionBudget without the parts that rebootd does not need. */
export type Budget = Kept<WholeBudget, typeof partsOfBudget>;

export function keptOfBudget(budget: WholeBudget): Budget {
  return kept(budget, partsOfBudget);
}

export interface List<T> {
  metadata: {
    resourceVersion: string | undefined;
    /** For the next page; undefined on the last one. */
    continue: string | undefined;
    /**
     * Optional, even if there are more:
     * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/list-meta/
     */
    remainingItemCount: number | undefined;
  };
  items: T[];
  /** The length of the answer in characters. */
  size?: number;
}
