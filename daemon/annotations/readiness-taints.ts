/**
 * Taints by which others keep pods off a node until it is ready for them. The return waits for these to go, and
 * removes none. docs/guide/return.md lists the rows. The comment before a row is its source. Pure.
 */
interface ReadinessTaint {
  /** A key, or a prefix with a star: `example.com/*`. */
  key: string;
  /** The program that removes it, or for which it is there. */
  who: string;
}

export const readinessTaints: readonly ReadinessTaint[] = [
  // https://github.com/kubernetes-sigs/node-readiness-controller
  {
    key: "readiness.k8s.io/*",
    who: "the Node Readiness Controller",
  },
  // https://kubernetes.io/docs/reference/labels-annotations-taints/#node-cloudprovider-kubernetes-io-uninitialized
  {
    key: "node.cloudprovider.kubernetes.io/uninitialized",
    who: "the cloud controller manager",
  },
  // https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-network-unavailable
  {
    key: "node.kubernetes.io/network-unavailable",
    who: "the network plugin or the cloud's routes",
  },
  // https://docs.cilium.io/en/stable/installation/taints/
  {
    key: "node.cilium.io/agent-not-ready",
    who: "Cilium",
  },
  // https://github.com/istio/istio/blob/master/pilot/pkg/controllers/untaint/nodeuntainter.go
  {
    key: "cni.istio.io/not-ready",
    who: "Istio",
  },
  // https://github.com/kubernetes-sigs/aws-ebs-csi-driver
  { key: "ebs.csi.aws.com/agent-not-ready", who: "the EBS CSI driver" },
  // https://github.com/kubernetes-sigs/aws-efs-csi-driver
  { key: "efs.csi.aws.com/agent-not-ready", who: "the EFS CSI driver" },
  // https://github.com/kubernetes-sigs/aws-fsx-csi-driver
  { key: "fsx.csi.aws.com/agent-not-ready", who: "the FSx CSI driver" },
  // https://github.com/kubernetes-sigs/azuredisk-csi-driver
  { key: "disk.csi.azure.com/agent-not-ready", who: "the Azure disk CSI driver" },
  // https://github.com/DataDog/datadog-operator/blob/main/docs/untaint_controller.md
  {
    key: "agent.datadoghq.com/not-ready",
    who: "the Datadog operator",
  },
  // https://gardener.cloud/docs/gardener/node-readiness/
  {
    key: "node.gardener.cloud/critical-components-not-ready",
    who: "Gardener",
  },
  // https://github.com/kubernetes-sigs/karpenter/blob/main/pkg/apis/v1/taints.go
  {
    key: "karpenter.sh/unregistered",
    who: "Karpenter",
  },
  // https://github.com/kubernetes-sigs/cluster-api/blob/main/api/core/v1beta2/common_types.go
  {
    key: "node.cluster.x-k8s.io/uninitialized",
    who: "Cluster API",
  },
  // https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/utils/taints/taints.go
  {
    key: "startup-taint.cluster-autoscaler.kubernetes.io/*",
    who: "a program that the cluster autoscaler waits for",
  },
];

/** The keys of these taints that keep pods off the node, each once. `ignored`: keys, and prefixes with a star. */
export function readinessKeys(
  taints: readonly { key: string; effect: string }[],
  ignored: readonly string[],
): string[] {
  const keys = taints.filter(({ effect }) => effect !== "PreferNoSchedule").map(({ key }) => key);
  const counts = (key: string) => readinessTaints.some((one) => matches(one.key, key));
  return [...new Set(keys)].filter((key) => counts(key) && !ignored.some((one) => matches(one, key)));
}

function matches(pattern: string, key: string): boolean {
  return pattern.endsWith("/*") ? key.startsWith(pattern.slice(0, -1)) : key === pattern;
}
