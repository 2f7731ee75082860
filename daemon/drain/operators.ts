/** Who keeps a budget that lets no pod go on purpose, and what it takes for a pod to go all the same. Pure. */
import type { Budget, Pod } from "../cluster/objects.ts";
import { controllerOf } from "./select.ts";

export interface Operator {
  /** As in "until … releases it". */
  name: string;
  /** Releases the budget for a cordon, a taint or an eviction. Else the cordon would be in vain. */
  releases: boolean;
  /** What it waits for, or what a person can do; the end of a sentence. */
  hint: string;
}

/** What only others know of budgets and of what they cover. */
export interface BudgetFacts {
  /** Said by a person to be released once the node is cordoned. */
  isSaidToBeHeld?: ((budget: Budget) => boolean) | undefined;
  /** A CloudNativePG primary that no Ready instance could take over from. */
  hasNoStandIn?: ((pod: Pod) => boolean) | undefined;
}

type Habit = Omit<Operator, "name">;

/** Kubernetes' own controllers release nothing. Static pods and ReplicationControllers are of the group without a name. */
const kubernetesGroups = ["", "apps", "batch"];

export const cloudNativePg = "postgresql.cnpg.io";

/** By API group: sources in the order of the keys. */
const habits: Readonly<Record<string, Habit>> = {
  // https://cloudnative-pg.io/documentation/current/kubernetes_upgrade/
  [cloudNativePg]: {
    releases: true,
    hint: "it makes a Ready instance on another node that is not cordoned the primary: see that there is one",
  },
  // https://postgres-operator.readthedocs.io/en/latest/administrator/#node-readiness-labels
  "acid.zalan.do": {
    releases: true,
    hint: "it moves the master off a cordoned node: see that a replica on another node can take over",
  },
  // https://longhorn.io/docs/latest/maintenance/maintenance/
  "longhorn.io": {
    releases: true,
    hint: "it does once the volumes on this node are detached: see which pods still use them",
  },
  // https://kubevirt.io/user-guide/cluster_admin/node_maintenance/
  "kubevirt.io": {
    releases: true,
    hint: "it does once the virtual machine has migrated: see that it can, and that another node has room",
  },
  // https://github.com/strimzi/drain-cleaner
  "core.strimzi.io": {
    releases: true,
    hint: "its Drain Cleaner has the pod moved once it is evicted: see that it is installed",
  },
  // Both lower their budgets to say "not now", and a cordon changes nothing about that:
  // https://github.com/rook/rook/blob/master/design/ceph/ceph-managed-disruptionbudgets.md
  "ceph.rook.io": {
    releases: false,
    hint: "Rook lets pods go again once the placement groups are active and clean",
  },
  // https://www.elastic.co/guide/en/cloud-on-k8s/current/k8s-pod-disruption-budget.html
  "elasticsearch.k8s.elastic.co": {
    releases: false,
    hint: "ECK lets a pod go again once the health of the cluster is green",
  },
};

const anyOther: Habit = {
  releases: true,
  hint: "see that it does for a cordon, a taint or an eviction, or allow a pod for the time of the drain",
};
const alone: Habit = {
  releases: false,
  hint: "no other instance of its cluster is Ready to take over: add one (spec.instances), or let one instance go without by spec.enablePDB: false, or for a time by spec.nodeMaintenanceWindow",
};

/** Of the pod's one budget. Undefined where nobody but Kubernetes has to do with it. */
export function operatorOf(pod: Pod, budget: Budget, facts: BudgetFacts): Operator | undefined {
  const { isSaidToBeHeld, hasNoStandIn } = facts;
  const owners = [controllerOf(pod), ...(budget.metadata?.ownerReferences ?? [])];
  const owner = owners.find((one) => one !== undefined && !kubernetesGroups.includes(groupOf(one)));
  const group = owner && groupOf(owner);
  const name = owner ? `${owner.kind} ${owner.name} (${group})` : "whoever holds it";
  const habit = habits[group ?? ""] ?? anyOther;
  if (isSaidToBeHeld?.(budget)) return { name, ...(habit.releases ? habit : anyOther), releases: true };
  if (owner === undefined) return undefined;
  return { name, ...(group === cloudNativePg && hasNoStandIn?.(pod) ? alone : habit) };
}

export function groupOf({ apiVersion }: { apiVersion: string }): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}
