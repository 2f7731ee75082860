/** Objects as their projects document them, cut to what an operator would ask for, each with an expression that people use. */

interface Example {
  /** The value of the option. */
  condition: string;
  /** Its path in the API, without the name. */
  collection: string;
  healthy: { metadata: { name: string }; status?: object };
  /** The status when something is wrong. */
  broken: object;
}

const conditionsOf = (type: string, status: string, reason: string, message: string) => [
  {
    type,
    status,
    reason,
    message,
    observedGeneration: 2,
    lastTransitionTime: "2026-11-20T10:00:00Z",
  },
];

export const examples = {
  // https://rook.io/docs/rook/latest/CRDs/Cluster/ceph-cluster-crd/#status
  ceph: {
    condition: "ceph.rook.io/v1/CephCluster/rook-ceph/rook-ceph: status.ceph.health == 'HEALTH_OK'",
    collection: "/apis/ceph.rook.io/v1/namespaces/rook-ceph/cephclusters",
    healthy: {
      metadata: { name: "rook-ceph" },
      status: {
        state: "Created",
        phase: "Ready",
        message: "Cluster created successfully",
        ceph: {
          health: "HEALTH_OK",
          lastChanged: "2026-11-20T10:00:00Z",
          lastChecked: "2026-11-28T22:00:00Z",
          previousHealth: "HEALTH_WARN",
        },
      },
    },
    broken: {
      ceph: {
        health: "HEALTH_WARN",
        details: { OSD_DOWN: { message: "1 osds down", severity: "HEALTH_WARN" } },
      },
    },
  },
  // https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions
  flux: {
    condition:
      "kustomize.toolkit.fluxcd.io/v1/Kustomization/flux-system/apps: status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')",
    collection: "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations",
    healthy: {
      metadata: { name: "apps" },
      status: {
        observedGeneration: 2,
        lastAppliedRevision: "main@sha1:a1b2c3d",
        conditions: conditionsOf(
          "Ready",
          "True",
          "ReconciliationSucceeded",
          "Applied revision: main@sha1:a1b2c3d",
        ),
      },
    },
    broken: {
      conditions: conditionsOf(
        "Ready",
        "False",
        "HealthCheckFailed",
        "timeout waiting for: [Deployment/shop]",
      ),
    },
  },
  // https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/#postgresql-cnpg-io-v1-ClusterStatus
  postgres: {
    condition:
      "postgresql.cnpg.io/v1/Cluster/shop/db: status.phase == 'Cluster in healthy state' && status.readyInstances == status.instances",
    collection: "/apis/postgresql.cnpg.io/v1/namespaces/shop/clusters",
    healthy: {
      metadata: { name: "db" },
      status: {
        instances: 3,
        readyInstances: 3,
        phase: "Cluster in healthy state",
        currentPrimary: "db-1",
        targetPrimary: "db-1",
      },
    },
    broken: { readyInstances: 2, phase: "Waiting for the instances to become active" },
  },
  // https://longhorn.io/docs/latest/references/longhorn-client-python/ and kubectl get volumes.longhorn.io
  longhorn: {
    condition:
      "longhorn.io/v1beta2/Volume/longhorn-system: status.state != 'attached' || status.robustness == 'healthy'",
    collection: "/apis/longhorn.io/v1beta2/namespaces/longhorn-system/volumes",
    healthy: {
      metadata: { name: "pvc-7c1a" },
      status: { state: "attached", robustness: "healthy", currentNodeID: "n2", actualSize: 104_857_600 },
    },
    broken: { robustness: "degraded" },
  },
  // https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
  deployment: {
    condition:
      "apps/v1/Deployment/shop/web: status.conditions.exists(c, c.type == 'Available' && c.status == 'True')",
    collection: "/apis/apps/v1/namespaces/shop/deployments",
    healthy: {
      metadata: { name: "web" },
      status: {
        replicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
        conditions: conditionsOf(
          "Available",
          "True",
          "MinimumReplicasAvailable",
          "Deployment has minimum availability.",
        ),
      },
    },
    broken: {
      conditions: conditionsOf(
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
      ),
    },
  },
  // https://kubernetes.io/docs/reference/node/node-status/#condition
  nodes: {
    condition: "v1/Node: status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')",
    collection: "/api/v1/nodes",
    healthy: {
      metadata: { name: "n9" },
      status: {
        conditions: conditionsOf("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
      },
    },
    broken: {
      conditions: conditionsOf(
        "Ready",
        "Unknown",
        "NodeStatusUnknown",
        "Kubelet stopped posting node status.",
      ),
    },
  },
} as const satisfies Record<string, Example>;
