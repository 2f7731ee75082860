/**
 * The contract with the cluster: each key of an annotation, a label or a taint that rebootd reads or writes,
 * with the objects that have it, its writers and its form. There is no finalizer.
 * docs/reference/annotations.md lists the rows, and manifests/base/admission.yaml allows the daemons to write
 * their own keys.
 */

export type Bearer = "Node" | "lock object" | "Pod" | "DaemonSet" | "Deployment" | "Job";

/** `daemon`: on a Node its own daemon, on the lock object and on Deployments all daemons. `others`: other programs. */
export type Writer = "daemon" | "people" | "others" | "Kubernetes";

export interface Mark {
  kind: "annotation" | "label" | "taint";
  on: readonly Bearer[];
  writtenBy: readonly Writer[];
  /** The writer that may remove it, and not write it. */
  removedBy?: "daemon";
  /** The values, for people. */
  form: string;
}

/** The keys of rebootd's own annotations begin with it. */
export const prefix = "rebootd.dev/";

export const contract = {
  cycle: {
    key: "rebootd.dev/cycle",
    kind: "annotation",
    on: ["Node"],
    writtenBy: ["daemon"],
    form: "the record of the cycle: JSON with `phase`, `since`, `reasons`, `outcome`, `history` and more",
  },
  request: {
    key: "rebootd.dev/reboot-requested",
    kind: "annotation",
    on: ["Node"],
    writtenBy: ["people"],
    removedBy: "daemon",
    form: "`true`, `REASON`, `true: REASON`, `urgent` or `urgent: REASON`; `false`, `no`, `off` and `0` request nothing",
  },
  paused: {
    key: "rebootd.dev/paused",
    kind: "annotation",
    on: ["Node", "lock object"],
    writtenBy: ["people"],
    form: "`true`, `REASON`, `true: REASON`, `until TIME` or `until TIME: REASON`, with TIME in RFC 3339; `false`, `no`, `off` and `0` pause nothing",
  },
  approved: {
    key: "rebootd.dev/approved",
    kind: "annotation",
    on: ["Node"],
    writtenBy: ["people"],
    removedBy: "daemon",
    form: "`true` or `REASON`, where `--approval=manual` asks for it; `false`, `no`, `off` and `0` approve nothing",
  },
  priority: {
    key: "rebootd.dev/priority",
    kind: "annotation",
    on: ["Node"],
    writtenBy: ["people"],
    form: "`high`, `normal` or `low`",
  },
  lock: {
    key: "rebootd.dev/lock",
    kind: "annotation",
    on: ["lock object"],
    writtenBy: ["daemon", "people"],
    form: "the holders, in the two shapes of kured: JSON; an entry without `created` is a manual lock",
  },
  kuredLock: {
    key: "weave.works/kured-node-lock",
    kind: "annotation",
    on: ["DaemonSet"],
    writtenBy: ["daemon", "people", "others"],
    form: "the same as `rebootd.dev/lock`, shared with kured",
  },
  kuredInProgress: {
    key: "weave.works/kured-reboot-in-progress",
    kind: "annotation",
    on: ["Node"],
    writtenBy: ["daemon", "others"],
    form: "since when a reboot is needed, RFC 3339 in UTC, until it is done (`--annotate-nodes`)",
  },
  kuredMostRecentNeed: {
    key: "weave.works/kured-most-recent-reboot-needed",
    kind: "annotation",
    on: ["Node"],
    writtenBy: ["daemon", "others"],
    form: "the same, and it stays (`--annotate-nodes`)",
  },
  failures: {
    key: "rebootd.dev/failures",
    kind: "annotation",
    on: ["lock object"],
    writtenBy: ["daemon"],
    form: "the failed cycles since the last success: JSON; `rebootd resume --all` removes it",
  },
  unlocked: {
    key: "rebootd.dev/unlocked",
    kind: "annotation",
    on: ["lock object"],
    writtenBy: ["daemon"],
    form: "the nodes whose slot `rebootd unlock` has taken away: JSON, with the rights of the person who runs it",
  },
  lastReboot: {
    key: "rebootd.dev/last-reboot",
    kind: "annotation",
    on: ["lock object"],
    writtenBy: ["daemon"],
    form: "when the last node had rebooted and left the lock, RFC 3339 (`--min-interval`)",
  },
  hook: {
    key: "rebootd.dev/hook",
    kind: "label",
    on: ["Job", "Pod"],
    writtenBy: ["daemon"],
    form: "`before` or `after`: the reboot that a hook Job belongs to (`--before-reboot-job`)",
  },
  hookNode: {
    key: "rebootd.dev/node",
    kind: "label",
    on: ["Job", "Pod"],
    writtenBy: ["daemon"],
    form: "the node of that Job; a name of more than 63 characters is cut",
  },
  excludeFromLoadBalancers: {
    key: "node.kubernetes.io/exclude-from-external-load-balancers",
    kind: "label",
    on: ["Node"],
    writtenBy: ["daemon"],
    form: "`rebootd`, from before the cordon until the uncordon (`--lb-exclude`)",
  },
  zone: {
    key: "topology.kubernetes.io/zone",
    kind: "label",
    on: ["Node"],
    writtenBy: ["Kubernetes"],
    form: "the zone that `--max-per-zone` counts",
  },
  os: {
    key: "kubernetes.io/os",
    kind: "label",
    on: ["Node"],
    writtenBy: ["Kubernetes"],
    form: "`linux`: rebootd runs on the node",
  },
  controlPlane: {
    key: "node-role.kubernetes.io/control-plane",
    kind: "label",
    on: ["Node"],
    writtenBy: ["Kubernetes"],
    form: "any: the node is of the control plane",
  },
  master: {
    key: "node-role.kubernetes.io/master",
    kind: "label",
    on: ["Node"],
    writtenBy: ["Kubernetes"],
    form: "the same in clusters before 1.24",
  },
  rkeControlPlane: {
    key: "node-role.kubernetes.io/controlplane",
    kind: "label",
    on: ["Node"],
    writtenBy: ["Kubernetes"],
    form: "the same in clusters of RKE",
  },
  rkeEtcd: {
    key: "node-role.kubernetes.io/etcd",
    kind: "label",
    on: ["Node"],
    writtenBy: ["Kubernetes"],
    form: "the same for members of etcd in clusters of RKE",
  },
  unschedulable: {
    key: "node.kubernetes.io/unschedulable",
    kind: "taint",
    on: ["Node"],
    writtenBy: ["Kubernetes"],
    form: "NoSchedule, while the node is cordoned",
  },
  app: {
    key: "app.kubernetes.io/name",
    kind: "label",
    on: ["Pod", "DaemonSet"],
    writtenBy: ["people"],
    form: "`rebootd`: the DaemonSet and its pods, by which the commands find them",
  },
  version: {
    key: "app.kubernetes.io/version",
    kind: "label",
    on: ["Pod"],
    writtenBy: ["people"],
    form: "the version of rebootd in the pod, from the manifests; `rebootd version` shows it",
  },
  mirror: {
    key: "kubernetes.io/config.mirror",
    kind: "annotation",
    on: ["Pod"],
    writtenBy: ["Kubernetes"],
    form: "any: a static pod, which is not evicted",
  },
  doNotDisrupt: {
    key: "karpenter.sh/do-not-disrupt",
    kind: "annotation",
    on: ["Pod"],
    writtenBy: ["people"],
    form: "`true` or a duration: `rebootd plan` names the pod, `--wait-for-opt-outs` waits for it; the drain evicts it",
  },
  safeToEvict: {
    key: "cluster-autoscaler.kubernetes.io/safe-to-evict",
    kind: "annotation",
    on: ["Pod"],
    writtenBy: ["people"],
    form: "`false`: `rebootd plan` names the pod, `--wait-for-opt-outs` waits for it; the drain evicts it",
  },
  // https://cloudnative-pg.io/documentation/current/labels_annotations/
  cnpgCluster: {
    key: "cnpg.io/cluster",
    kind: "label",
    on: ["Pod"],
    writtenBy: ["others"],
    form: "the CloudNativePG cluster of an instance",
  },
  cnpgRole: {
    key: "cnpg.io/instanceRole",
    kind: "label",
    on: ["Pod"],
    writtenBy: ["others"],
    form: "`primary`: the preflight looks for a Ready instance on another node",
  },
  // https://learn.microsoft.com/azure/aks/upgrade-cluster
  aksUpgradeStatus: {
    key: "kubernetes.azure.com/upgrade-status",
    kind: "label",
    on: ["Node"],
    writtenBy: ["others"],
    form: "`Quarantined`: AKS could not drain the node for its upgrade; its daemon and `rebootd check` name it",
  },
  // https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-k8s-io-restart-at
  restartedAt: {
    key: "kubectl.kubernetes.io/restartedAt",
    kind: "annotation",
    on: ["Deployment"],
    writtenBy: ["daemon", "people"],
    form: "in the template of its pods, RFC 3339 in UTC: when the node was cordoned for whose drain a roll-out was begun (`--surge-selector`)",
  },
  revision: {
    key: "deployment.kubernetes.io/revision",
    kind: "annotation",
    on: ["Deployment"],
    writtenBy: ["Kubernetes"],
    form: "the revision of its template, also on each ReplicaSet (`--surge-selector`)",
  },
  hostname: {
    key: "kubernetes.io/hostname",
    kind: "label",
    on: ["Node"],
    writtenBy: ["Kubernetes"],
    form: "the name of the node, to which the template of a pod may bind it (`--surge-selector`)",
  },
} as const satisfies Record<string, Mark & { key: string }>;

/** Keys that an option names, by that option. */
export const namedByOptions = {
  "before-reboot-hooks": {
    kind: "annotation",
    on: ["Node"],
    writtenBy: ["daemon", "others"],
    form: "`waiting` by the daemon once the node is drained; `true` by the program that the hook is for",
  },
  "after-reboot-hooks": {
    kind: "annotation",
    on: ["Node"],
    writtenBy: ["daemon", "others"],
    form: "`waiting` by the daemon after the reboot; `true` by the program that the hook is for",
  },
  "pre-reboot-node-labels": {
    kind: "label",
    on: ["Node"],
    writtenBy: ["daemon"],
    form: "the value of the option, from before the cordon until the uncordon",
  },
  "post-reboot-node-labels": {
    kind: "label",
    on: ["Node"],
    writtenBy: ["daemon"],
    form: "the value of the option, from the uncordon on",
  },
  "request-label": {
    kind: "label",
    on: ["Node"],
    writtenBy: ["others"],
    removedBy: "daemon",
    form: "requests a reboot: the value of the option, or without one any but `false`, `no`, `off` and `0`",
  },
  "prefer-no-schedule-taint": {
    kind: "taint",
    on: ["Node"],
    writtenBy: ["daemon"],
    form: "PreferNoSchedule, while only the lock, the disruption or the opt-outs gate delays the node, and during the cycle",
  },
  "lock-annotation": {
    kind: "annotation",
    on: ["lock object"],
    writtenBy: ["daemon", "people"],
    form: "the lock, in place of `rebootd.dev/lock` or `weave.works/kured-node-lock`",
  },
  "pool-label": {
    kind: "label",
    on: ["Node"],
    writtenBy: ["people", "others"],
    form: "the pool that `--max-per-pool` counts",
  },
} as const satisfies Record<string, Mark>;

/**
 * Keys of rebootd's own annotations on an object, all or only those that one kind of writer writes; sorted.
 */
export function keysOn(bearer: Bearer, writer?: Writer): string[] {
  const rows: readonly (Mark & { key: string })[] = Object.values(contract);
  return rows
    .filter(({ key, on }) => key.startsWith(prefix) && on.includes(bearer))
    .filter(({ writtenBy }) => writer === undefined || writtenBy.includes(writer))
    .map(({ key }) => key)
    .sort();
}
