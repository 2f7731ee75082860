export const since = "2026-11-24T11:00:00Z";

const cycle = JSON.stringify({ version: 1, phase: "Draining", since, cordoned: true });

/** Objects with every optional field that rebootd reads, and with the required fields. */
export const objects = {
  node: {
    metadata: {
      name: "n1",
      uid: "u1",
      resourceVersion: "7",
      labels: { "topology.kubernetes.io/zone": "z1", "node-role.kubernetes.io/etcd": "" },
      annotations: { "rebootd.dev/cycle": cycle, "rebootd.dev/paused": "maintenance" },
    },
    spec: {
      unschedulable: true,
      taints: [{ key: "example.com/a", value: "b", effect: "NoSchedule" }],
      providerID: "kind://docker/n1",
    },
    status: {
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: since }],
      allocatable: { cpu: "4", pods: "110" },
      nodeInfo: { bootID: "b1" },
    },
  },
  other: {
    metadata: { name: "n2", uid: "u2", resourceVersion: "8", labels: { disk: "fast" } },
    spec: { taints: [{ key: "example.com/a", effect: "NoSchedule" }] },
    status: {
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: since }],
      allocatable: { cpu: "4", memory: "8Gi", pods: "110" },
    },
  },
  pod: {
    metadata: {
      name: "web-1",
      namespace: "shop",
      uid: "p1",
      generateName: "web-",
      labels: { app: "web" },
      annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "r1", controller: true },
      ],
      finalizers: ["example.com/hold"],
    },
    spec: {
      nodeName: "n1",
      containers: [{ name: "main", resources: { requests: { cpu: "1" }, limits: { cpu: "2" } } }],
      initContainers: [{ name: "first", restartPolicy: "Always", resources: { requests: { cpu: "1" } } }],
      overhead: { cpu: "1m" },
      resources: { requests: { cpu: "3" } },
      nodeSelector: { disk: "fast" },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [{ key: "disk", operator: "In", values: ["fast"] }],
                matchFields: [{ key: "metadata.name", operator: "In", values: ["n1", "n2"] }],
              },
            ],
          },
        },
      },
      tolerations: [{ key: "example.com/a", operator: "Equal", value: "b", effect: "NoSchedule" }],
      priority: 5,
      preemptionPolicy: "Never",
      priorityClassName: "system-cluster-critical",
      terminationGracePeriodSeconds: 60,
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: "data" } },
        { name: "own", ephemeral: { volumeClaimTemplate: {} } },
        { name: "tmp", emptyDir: { medium: "Memory" } },
      ],
    },
    status: {
      phase: "Running",
      startTime: since,
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [
        {
          name: "main",
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 2 } },
        },
      ],
    },
  },
  daemon: {
    metadata: {
      name: "rebootd-1",
      namespace: "kube-system",
      uid: "p2",
      labels: { "app.kubernetes.io/name": "rebootd" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "DaemonSet", name: "rebootd", uid: "d1", controller: true },
      ],
    },
    spec: { nodeName: "n1", priorityClassName: "system-node-critical", containers: [] },
    status: { phase: "Running", containerStatuses: [{ name: "rebootd", state: { running: {} } }] },
  },
  etcd: {
    metadata: {
      name: "etcd-n1",
      namespace: "kube-system",
      uid: "p3",
      annotations: { "kubernetes.io/config.mirror": "x" },
    },
    spec: { nodeName: "n1", priorityClassName: "system-node-critical", containers: [] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }] },
  },
  budget: {
    metadata: { name: "web", namespace: "shop", generation: 1, ownerReferences: [{ controller: true }] },
    spec: {
      minAvailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: {
        matchLabels: { app: "web" },
        matchExpressions: [{ key: "app", operator: "NotIn", values: ["db"] }],
      },
    },
    status: {
      observedGeneration: 1,
      disruptionsAllowed: 0,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 2,
      conditions: [
        {
          type: "DisruptionAllowed",
          status: "False",
          reason: "InsufficientPods",
          message: "m",
          lastTransitionTime: since,
        },
      ],
    },
  },
  daemonSet: {
    metadata: {
      name: "rebootd",
      namespace: "kube-system",
      uid: "d1",
      labels: { "app.kubernetes.io/name": "rebootd" },
    },
    spec: {
      selector: { matchLabels: { app: "rebootd" } },
      template: {
        metadata: { labels: { app: "rebootd" } },
        spec: {
          nodeSelector: { disk: "fast" },
          containers: [
            {
              name: "rebootd",
              args: ["run", "--namespace=kube-system"],
              env: [
                { name: "REBOOTD_NODE_ID", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
                { name: "REBOOTD_PERIOD", value: "1m" },
              ],
            },
          ],
        },
      },
    },
  },
  lease: {
    metadata: {
      name: "rebootd",
      namespace: "kube-system",
      resourceVersion: "9",
      annotations: {
        "rebootd.dev/lock": JSON.stringify({ nodeID: "n1", metadata: {}, created: since, TTL: 0 }),
        "rebootd.dev/failures": JSON.stringify([{ node: "n3", at: since, message: "m" }]),
      },
    },
    spec: { holderIdentity: "n1" },
  },
  claim: { metadata: { name: "data", namespace: "shop" }, spec: { volumeName: "pv1" } },
  attachment: {
    metadata: { name: "va1", uid: "v1" },
    spec: { attacher: "disk.test", nodeName: "n1", source: { persistentVolumeName: "pv1" } },
  },
  csiNode: {
    metadata: { name: "n1" },
    spec: { drivers: [{ name: "disk.test", nodeID: "n1", topologyKeys: ["zone"] }] },
  },
};
