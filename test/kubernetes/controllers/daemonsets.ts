import { isApiError } from "../../../daemon/cluster/api.ts";
import type { Informers } from "./informers.ts";
import {
  collection,
  controllerOf,
  isDeleted,
  isFinished,
  isReady,
  keyOf,
  ownedBy,
  type PodSpec,
  pathOf,
  randomSuffix,
  type StoredDaemonSet,
  type StoredNode,
  type StoredPod,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { podFrom } from "./replicasets.ts";
import { matchesNode, tolerates } from "./scheduling.ts";
import { writeStatus } from "./status.ts";

/** https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations */
const tolerations: NonNullable<PodSpec["tolerations"]> = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];

/**
 * One pod on each node that it matches, cordoned or not. The pod names its node in an affinity and the scheduler
 * binds it, as in reality; so an evicted one comes straight back.
 */
export async function runDaemonSets(ports: Ports, informers: Informers): Promise<void> {
  const { api, random, signal } = ports;
  const sets = informers.of<StoredDaemonSet>("daemonsets");
  const pods = informers.of<StoredPod>("pods");
  const nodes = informers.of<StoredNode>("nodes");
  const queue = createQueue(ports, reconcile);
  await Promise.all([sets.synced, pods.synced, nodes.synced]);
  sets.onChange(({ key }) => queue.add(key));
  pods.onChange(({ now, before }) => {
    const pod = now ?? before;
    const owner = pod && controllerOf(pod);
    if (owner?.kind === "DaemonSet") queue.add(`${pod?.metadata.namespace}/${owner.name}`);
  });
  nodes.onChange(() => {
    for (const set of sets.all()) queue.add(keyOf(set));
  });
  await queue.run();

  async function reconcile(key: string): Promise<void> {
    const set = sets.get(key);
    if (set === undefined || isDeleted(set)) return;
    const spec = podSpecOf(set);
    const wanted = nodes.all().filter((node) => matchesNode(spec, node));
    const owned = pods.all().filter((pod) => controllerOf(pod)?.uid === set.metadata.uid);
    for (const node of wanted) {
      const here = owned.filter((pod) => nodeOf(pod) === node.metadata.name);
      // A node that does not take it gets none, but one that is there already stays.
      const isRefused = (node.spec?.taints ?? []).some(
        (taint) => taint.effect === "NoSchedule" && !tolerates(spec, taint),
      );
      if (here.length > 0 || isRefused) continue;
      const path = collection("pods", set.metadata.namespace);
      pods.enter(await api.create<StoredPod>(path, podFor(set, node, random), { signal }));
    }
    const names = new Set(wanted.map((node) => node.metadata.name));
    for (const pod of owned.filter((pod) => !isDeleted(pod))) {
      if (isFinished(pod) || !names.has(nodeOf(pod) ?? "")) await remove(pod);
    }
    await writeStatus(ports, "daemonsets", set, statusOf(set, wanted, pods.all()));
  }

  async function remove(pod: StoredPod): Promise<void> {
    const preconditions = { uid: pod.metadata.uid };
    try {
      pods.enter(await api.delete<StoredPod>(pathOf("pods", pod), { preconditions }, { signal }));
    } catch (error) {
      if (!isApiError(error, "not-found")) throw error;
    }
  }
}

/** The node it runs on, or is made for. */
function nodeOf(pod: StoredPod): string | undefined {
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return pod.spec?.nodeName ?? required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
}

function podSpecOf(set: StoredDaemonSet): PodSpec {
  const spec = set.spec?.template.spec ?? { containers: [] };
  return { ...spec, tolerations: [...(spec.tolerations ?? []), ...tolerations] };
}

function podFor(set: StoredDaemonSet, node: StoredNode, random: () => number): object {
  const spec = podSpecOf(set);
  const nodeSelectorTerms = [
    { matchFields: [{ key: "metadata.name", operator: "In", values: [node.metadata.name] }] },
  ];
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  const affinity = { ...spec.affinity, nodeAffinity: { ...spec.affinity?.nodeAffinity, ...required } };
  const template = { ...set.spec?.template, spec: { ...spec, affinity } };
  return podFrom(template, {
    name: `${set.metadata.name}-${randomSuffix(random)}`,
    ownerReferences: ownedBy("DaemonSet", set),
  });
}

function statusOf(set: StoredDaemonSet, wanted: readonly StoredNode[], pods: readonly StoredPod[]): object {
  const names = new Set(wanted.map((node) => node.metadata.name));
  const owned = pods.filter((pod) => controllerOf(pod)?.uid === set.metadata.uid && !isDeleted(pod));
  const placed = owned.filter((pod) => names.has(pod.spec?.nodeName ?? ""));
  const ready = placed.filter(isReady).length;
  return {
    currentNumberScheduled: placed.length,
    desiredNumberScheduled: wanted.length,
    numberMisscheduled: owned.length - owned.filter((pod) => names.has(nodeOf(pod) ?? "")).length,
    numberReady: ready,
    numberAvailable: ready,
    numberUnavailable: wanted.length - ready,
    updatedNumberScheduled: placed.length,
    observedGeneration: set.metadata.generation ?? 0,
  };
}
