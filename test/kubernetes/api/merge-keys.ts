/**
 * How a strategic merge patch treats the lists of each type: merged by a key, as a set of scalars, or (all others)
 * replaced whole. These are the `patchStrategy` and `patchMergeKey` tags of k8s.io/api.
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 */
const set = { set: true } as const;
const by = (mergeKey: string) => ({ mergeKey });

export type ListStrategy = { set: true } | { mergeKey: string };

/** Maps that are replaced whole. */
export const replacedMaps = new Set(["V1PodDisruptionBudgetSpec.selector"]);

const conditions = { conditions: by("type") };

export const listStrategies: Record<string, Record<string, ListStrategy>> = {
  V1ObjectMeta: { finalizers: set, ownerReferences: by("uid") },
  V1PodSpec: {
    containers: by("name"),
    initContainers: by("name"),
    ephemeralContainers: by("name"),
    volumes: by("name"),
    imagePullSecrets: by("name"),
    hostAliases: by("ip"),
    topologySpreadConstraints: by("topologyKey"),
    schedulingGates: by("name"),
    resourceClaims: by("name"),
  },
  V1Container: {
    env: by("name"),
    ports: by("containerPort"),
    volumeMounts: by("mountPath"),
    volumeDevices: by("devicePath"),
  },
  V1PodStatus: { ...conditions, podIPs: by("ip") },
  V1NodeSpec: { podCIDRs: set },
  V1NodeStatus: { ...conditions, addresses: by("type") },
  V1NamespaceStatus: conditions,
  V1DaemonSetStatus: conditions,
  V1DeploymentStatus: conditions,
  V1ReplicaSetStatus: conditions,
  V1StatefulSetStatus: conditions,
  V1JobStatus: conditions,
  V1PodDisruptionBudgetStatus: conditions,
  V1PersistentVolumeClaimStatus: conditions,
  V1ServiceSpec: { ports: by("port") },
  V1ServiceStatus: conditions,
  V1ValidatingAdmissionPolicySpec: { matchConditions: by("name"), variables: by("name") },
  V1ValidatingAdmissionPolicyStatus: conditions,
  V1ServiceAccount: { secrets: by("name") },
};
