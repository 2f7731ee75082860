/**
 * What the server writes although nobody has set it, and what it leaves out although somebody has.
 * In Go a field with `omitempty` loses its zero value unless it is a pointer, and a struct is written even when empty.
 * The published types do not tell the two apart, so this table does (k8s.io/api, `types.go` of each group).
 */

/** Structs that are no pointers: always written, if only as `{}`. */
export const structs: Record<string, string[]> = {
  V1Pod: ["spec", "status"],
  V1Node: ["spec", "status"],
  V1NodeStatus: ["daemonEndpoints", "nodeInfo"],
  V1NodeDaemonEndpoints: ["kubeletEndpoint"],
  V1Namespace: ["spec", "status"],
  V1Service: ["spec", "status"],
  V1ServiceStatus: ["loadBalancer"],
  V1PersistentVolume: ["spec", "status"],
  V1PersistentVolumeClaim: ["spec", "status"],
  V1PersistentVolumeClaimSpec: ["resources"],
  V1Container: ["resources"],
  V1ContainerStatus: ["state", "lastState"],
  V1PodTemplateSpec: ["metadata", "spec"],
  V1DaemonSet: ["spec", "status"],
  V1DaemonSetSpec: ["template", "updateStrategy"],
  V1Deployment: ["spec", "status"],
  V1DeploymentSpec: ["template", "strategy"],
  V1ReplicaSet: ["spec", "status"],
  V1ReplicaSetSpec: ["template"],
  V1StatefulSet: ["spec", "status"],
  V1StatefulSetSpec: ["template", "updateStrategy"],
  V1Job: ["spec", "status"],
  V1JobSpec: ["template"],
  V1PodDisruptionBudget: ["spec", "status"],
  V1Lease: ["spec"],
  CoreV1Event: ["involvedObject", "source"],
  EventsV1Event: ["regarding", "deprecatedSource"],
  V1CSINode: ["spec"],
  V1VolumeAttachment: ["spec", "status"],
  V1VolumeAttachmentSpec: ["source"],
  V1RoleBinding: ["roleRef"],
  V1ClusterRoleBinding: ["roleRef"],
};

/** Scalars and lists without `omitempty`: written with their zero value even when nobody has set them. */
export const written: Record<string, Record<string, string | number | boolean | null>> = {
  V1NodeSystemInfo: {
    machineID: "",
    systemUUID: "",
    bootID: "",
    kernelVersion: "",
    osImage: "",
    containerRuntimeVersion: "",
    kubeletVersion: "",
    kubeProxyVersion: "",
    operatingSystem: "",
    architecture: "",
  },
  V1DaemonEndpoint: { Port: 0 },
  V1DaemonSetStatus: {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  },
  V1ReplicaSetStatus: { replicas: 0 },
  V1StatefulSetStatus: { replicas: 0, availableReplicas: 0 },
  V1PodDisruptionBudgetStatus: {
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
  },
  V1ContainerStatus: { name: "", ready: false, restartCount: 0, image: "", imageID: "" },
  V1Container: { name: "" },
  V1ContainerStateTerminated: { exitCode: 0 },
  V1PodCondition: { type: "", status: "" },
  V1NodeCondition: { type: "", status: "" },
  V1Condition: { type: "", status: "", reason: "", message: "" },
  V1OwnerReference: { apiVersion: "", kind: "", name: "", uid: "" },
  V1RoleRef: { apiGroup: "", kind: "", name: "" },
  V1Subject: { kind: "", name: "" },
  V1PriorityClass: { value: 0 },
  V1CSINodeSpec: { drivers: null },
  V1CSINodeDriver: { name: "", nodeID: "", topologyKeys: null },
  V1VolumeAttachmentSpec: { attacher: "", nodeName: "" },
  V1VolumeAttachmentStatus: { attached: false },
  CoreV1Event: { reportingComponent: "", reportingInstance: "" },
};

/** Pointers to a boolean: `false` says something and stays. */
export const optionalBooleans = new Set([
  "automountServiceAccountToken",
  "controller",
  "blockOwnerDeletion",
  "enableServiceLinks",
  "shareProcessNamespace",
  "setHostnameAsFQDN",
  "hostUsers",
  "started",
  "immutable",
  "optional",
  "suspend",
  "privileged",
  "runAsNonRoot",
  "readOnlyRootFilesystem",
  "allowPrivilegeEscalation",
  "allowed",
  "attached",
  "ready",
  "allocateLoadBalancerNodePorts",
]);

/** Pointers to a string: `""` says something and stays. */
export const optionalStrings = new Set([
  "V1LeaseSpec.holderIdentity",
  "V1LeaseSpec.strategy",
  "V1LeaseSpec.preferredHolder",
  "V1PersistentVolumeClaimSpec.storageClassName",
  "V1PersistentVolumeClaimSpec.volumeMode",
  "V1PodSpec.runtimeClassName",
  "V1VolumeAttachmentSource.persistentVolumeName",
]);

/** Plain numbers with `omitempty`, on every type: 0 is left out. */
export const plainNumbers = new Set([
  "generation",
  "observedGeneration",
  "minReadySeconds",
  "hostPort",
  "nodePort",
  "count",
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "updatedReplicas",
  "readyReplicas",
  "unavailableReplicas",
  "currentReplicas",
  "fullyLabeledReplicas",
  "succeeded",
  "failed",
  "active",
  "signal",
  "V1DeploymentStatus.replicas",
  "V1DeploymentStatus.availableReplicas",
  "V1ReplicaSetStatus.availableReplicas",
]);

/** Maps of quantities, in which a bare number is taken for its text. */
export const quantityMaps = new Set([
  "requests",
  "limits",
  "capacity",
  "allocatable",
  "overhead",
  "hard",
  "used",
  "allocatedResources",
]);
