/**
 * Others that take nodes away, stop them or maintain them, and the signs of that on a Node. rebootd honours each
 * sign, and removes none. docs/guide/nodes-taken-away.md lists the rows. The
 * comment before a row is its source: the code or the page of the maker that has the sign.
 */
import { contract } from "./names.ts";

/** A taint, label or annotation of a Node. */
export interface Sign {
  on: "taint" | "label" | "annotation";
  key: string;
  /** Any value without it. */
  value?: string;
}

/** A sign that an option names: a label or a taint; with an effect, a taint alone. */
export interface NamedSign {
  key: string;
  /** Any value without it. */
  value?: string;
  effect?: string;
}

export interface Departure {
  /** The program, as the subject of a sentence. */
  who: string;
  /** Its doing, as the rest of that sentence. */
  does: string;
  code: "removal" | "maintenance";
  /** `deletion`: the Node has a deletionTimestamp. */
  sign: Sign | "deletion";
  /**
   * Nothing but the cordon keeps pods off the node: a cordon of ours stays for the program that takes the node away.
   * Without it a taint does that, or the other's own cordon comes back.
   */
  keepsCordon?: true;
}

const nodeTerminationHandler = (event: string, does: string): Departure => ({
  who: "the AWS node termination handler",
  does,
  code: "removal",
  sign: { on: "taint", key: `aws-node-termination-handler/${event}` },
});

export const departures: readonly Departure[] = [
  // https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
  {
    who: "somebody",
    does: "deletes this Node",
    code: "removal",
    sign: "deletion",
    keepsCordon: true,
  },
  // https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/utils/taints/taints.go
  {
    who: "the cluster autoscaler",
    does: "removes this node",
    code: "removal",
    sign: { on: "taint", key: "ToBeDeletedByClusterAutoscaler" },
  },
  // https://github.com/kubernetes-sigs/karpenter/blob/main/pkg/apis/v1/taints.go
  {
    who: "Karpenter",
    does: "removes this node",
    code: "removal",
    sign: { on: "taint", key: "karpenter.sh/disrupted" },
  },
  // https://github.com/kubernetes-sigs/karpenter/blob/v0.37.0/pkg/apis/v1beta1/taints.go
  {
    who: "Karpenter before 1.0",
    does: "removes this node",
    code: "removal",
    sign: { on: "taint", key: "karpenter.sh/disruption" },
  },
  // https://github.com/aws/aws-node-termination-handler/blob/main/pkg/node/node.go
  nodeTerminationHandler("spot-itn", "has notice of the end of this spot instance"),
  // https://github.com/aws/aws-node-termination-handler/blob/main/pkg/node/node.go
  nodeTerminationHandler("asg-lifecycle-termination", "has notice of the end of this instance"),
  // https://github.com/aws/aws-node-termination-handler/blob/main/pkg/node/node.go
  nodeTerminationHandler("rebalance-recommendation", "drains this spot instance before its end"),
  // https://github.com/aws/aws-node-termination-handler/blob/main/pkg/node/node.go
  nodeTerminationHandler("scheduled-maintenance", "drains this node for maintenance by AWS"),
  // https://docs.cloud.google.com/kubernetes-engine/docs/concepts/handle-disruption-gpu-tpu
  {
    who: "GKE",
    does: "stops this machine",
    code: "removal",
    sign: { on: "taint", key: "cloud.google.com/impending-node-termination" },
  },
  // https://docs.cloud.google.com/kubernetes-engine/docs/concepts/handle-disruption-gpu-tpu
  {
    who: "GKE",
    does: "maintains the host of this machine",
    code: "maintenance",
    sign: { on: "label", key: "cloud.google.com/active-node-maintenance", value: "ONGOING" },
  },
  // https://learn.microsoft.com/azure/aks/upgrade-cluster
  {
    who: "AKS",
    does: "could not drain this node for its upgrade, and has put it aside",
    code: "maintenance",
    sign: { on: "label", key: contract.aksUpgradeStatus.key, value: "Quarantined" },
    keepsCordon: true,
  },
  // https://github.com/openshift/machine-config-operator/blob/main/pkg/daemon/constants/constants.go
  {
    who: "the machine config operator",
    does: "updates this node",
    code: "maintenance",
    sign: { on: "annotation", key: "machineconfiguration.openshift.io/state", value: "Working" },
    keepsCordon: true,
  },
  // https://github.com/medik8s/fence-agents-remediation/blob/main/api/v1alpha1/fenceagentsremediation_types.go
  {
    who: "a remediator of medik8s",
    does: "repairs this node",
    code: "maintenance",
    sign: { on: "taint", key: "medik8s.io/remediation" },
  },
  // https://github.com/medik8s/node-maintenance-operator/blob/main/controllers/taint.go
  {
    who: "the node maintenance operator",
    does: "maintains this node",
    code: "maintenance",
    sign: { on: "taint", key: "medik8s.io/drain" },
  },
  // https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-out-of-service
  {
    who: "somebody",
    does: "has declared this node out of service",
    code: "maintenance",
    sign: { on: "taint", key: "node.kubernetes.io/out-of-service" },
  },
  // https://kubernetes.io/docs/reference/labels-annotations-taints/#node-cloudprovider-kubernetes-io-shutdown
  {
    who: "the cloud controller manager",
    does: "has found this machine shut down",
    code: "maintenance",
    sign: { on: "taint", key: "node.cloudprovider.kubernetes.io/shutdown" },
  },
];
