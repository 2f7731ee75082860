/**
 * The operators that keep a budget without disruptions on purpose, and what makes each release a pod. Pure.
 */
import type { Budget, Pod } from "../cluster/objects.ts";
import { controllerOf } from "./select.ts";

export interface Operator {
  /** The subject of "until … releases it". */
  name: string;
  /** Releases the budget for a cordon, a taint or an eviction. Else the cordon would be in vain. */
  releases: boolean;
  /** The condition of the release, or what a person can do; the end of a sentence. */
  hint: string;
}

/** Facts that the budgets themselves and the pods that they select do not carry. */
export interface BudgetFacts {
  /**
   * A person has declared (`--budget-held-selector`) that the budget is released once the node is cordoned.
   */
  isSaidToBeHeld?: ((budget: Budget) => boolean) | undefined;
  /** A CloudNativePG primary that no Ready instance could take over from. */
  hasNoStandIn?: ((pod: Pod) => boolean) | undefined;
}

type Habit = Omit<Operator, "name">;

/**
 * Kubernetes' own controllers release nothing. Static pods and ReplicationControllers are of the group
 * without a name.
 */
const kubernetesGroups = ["", "apps", "batch"];

export const cloudNativePg = "postgresql.cnpg.io";

/** By API group, each with its source. */
const habits: Readonly<Record<string, Habit>> = {
  // https://cloudnative-pg.io/documentation/current/kubernetes_upgrade/
  [cloudNativePg]: {
    releases: true,
    hint: "it promotes a Ready instance on another node that is not cordoned: make sure that there is one",
  },
  // https://postgres-operator.readthedocs.io/en/latest/administrator/#node-readiness-labels
  "acid.zalan.do": {
    releases: true,
    hint: "it moves the master off a cordoned node: make sure that a replica on another node can take over",
  },
  // https://longhorn.io/docs/latest/maintenance/maintenance/
  "longhorn.io": {
    releases: true,
    hint: "it does so once the volumes on this node are detached: find the pods that still use them",
  },
  // https://kubevirt.io/user-guide/cluster_admin/node_maintenance/
  "kubevirt.io": {
    releases: true,
    hint: "it does so once the virtual machine has migrated: make sure that it can, and has room elsewhere",
  },
  // https://github.com/strimzi/drain-cleaner
  "core.strimzi.io": {
    releases: true,
    hint: "its Drain Cleaner moves the pod when its eviction is requested: make sure that it is installed",
  },
  // Both lower their budgets to say "not now", and a cordon changes nothing about that:
  // https://github.com/rook/rook/blob/master/design/ceph/ceph-managed-disruptionbudgets.md
  "ceph.rook.io": {
    releases: false,
    hint: "Rook allows disruptions again once the placement groups are active and clean",
  },
  // https://www.elastic.co/guide/en/cloud-on-k8s/current/k8s-pod-disruption-budget.html
  "elasticsearch.k8s.elastic.co": {
    releases: false,
    hint: "ECK allows a disruption again once the health of the cluster is green",
  },
};

const anyOther: Habit = {
  releases: true,
  hint: "make sure that a cordon, taint or eviction makes it do so, or allow a disruption for now",
};
const alone: Habit = {
  releases: false,
  hint: [
    "no other instance of its cluster is Ready: add one (spec.instances)",
    "set spec.enablePDB: false",
    "or set spec.nodeMaintenanceWindow for the time of the drain",
  ].join(", "),
};

/** The operator of the pod's one budget. Undefined where Kubernetes alone maintains pod and budget. */
export function operatorOf(pod: Pod, budget: Budget, facts: BudgetFacts): Operator | undefined {
  const { isSaidToBeHeld, hasNoStandIn } = facts;
  const owners = [controllerOf(pod), ...(budget.metadata?.ownerReferences ?? [])];
  const owner = owners.find((one) => one !== undefined && !kubernetesGroups.includes(groupOf(one)));
  const group = owner && groupOf(owner);
  const name = owner ? `${owner.kind} ${owner.name} (${group})` : "its operator";
  const habit = habits[group ?? ""] ?? anyOther;
  if (isSaidToBeHeld?.(budget)) return { name, ...(habit.releases ? habit : anyOther), releases: true };
  if (owner === undefined) return undefined;
  return { name, ...(group === cloudNativePg && hasNoStandIn?.(pod) ? alone : habit) };
}

export function groupOf({ apiVersion }: { apiVersion: string }): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}
