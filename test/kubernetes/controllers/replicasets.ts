import type { Informers } from "./informers.ts";
import {
  collection,
  conditionOf,
  controllerOf,
  isDeleted,
  isFinished,
  isReady,
  keyOf,
  ownedBy,
  type PodTemplate,
  pathOf,
  randomSuffix,
  type StoredPod,
  type StoredReplicaSet,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { writeStatus } from "./status.ts";

/** Keeps as many pods as a ReplicaSet asks for; those that are being deleted count no more. */
export async function runReplicaSets(ports: Ports, informers: Informers): Promise<void> {
  const { api, random, signal } = ports;
  const sets = informers.of<StoredReplicaSet>("replicasets");
  const pods = informers.of<StoredPod>("pods");
  const queue = createQueue(ports, reconcile);
  await Promise.all([sets.synced, pods.synced]);
  sets.onChange(({ key }) => queue.add(key));
  pods.onChange(({ now, before }) => {
    const pod = now ?? before;
    const owner = pod && controllerOf(pod);
    if (owner?.kind === "ReplicaSet") queue.add(`${pod?.metadata.namespace}/${owner.name}`);
  });
  await queue.run();

  async function reconcile(key: string): Promise<void> {
    const set = sets.get(key);
    if (set === undefined || isDeleted(set)) return;
    const active = podsOf(set, pods.all());
    const missing = (set.spec?.replicas ?? 1) - active.length;
    for (let n = 0; n < missing; n += 1) {
      const path = collection("pods", set.metadata.namespace);
      pods.enter(await api.create<StoredPod>(path, podOf(set, random), { signal }));
    }
    for (const pod of active.sort(leastUseful).slice(0, Math.max(0, -missing))) {
      const preconditions = { uid: pod.metadata.uid };
      pods.enter(await api.delete<StoredPod>(pathOf("pods", pod), { preconditions }, { signal }));
    }
    await writeStatus(ports, "replicasets", set, statusOf(set, podsOf(set, pods.all())));
  }
}

function podsOf(set: StoredReplicaSet, pods: readonly StoredPod[]): StoredPod[] {
  return pods.filter(
    (pod) => controllerOf(pod)?.uid === set.metadata.uid && !isDeleted(pod) && !isFinished(pod),
  );
}

function podOf(set: StoredReplicaSet, random: () => number): object {
  const { name } = set.metadata;
  return podFrom(set.spec?.template, {
    name: `${name}-${randomSuffix(random)}`,
    ownerReferences: ownedBy("ReplicaSet", set),
  });
}

export function podFrom(
  template: PodTemplate,
  metadata: { name: string; ownerReferences: object[] },
): object {
  const { labels, annotations } = template?.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: template?.spec,
  };
}

/** Those without a node first, then those that are not ready, then the youngest. */
function leastUseful(a: StoredPod, b: StoredPod): number {
  const rank = (pod: StoredPod) => (isReady(pod) ? 2 : pod.spec?.nodeName === undefined ? 0 : 1);
  const age = (pod: StoredPod) => conditionOf(pod, "Ready")?.lastTransitionTime ?? "";
  return rank(a) - rank(b) || age(b).localeCompare(age(a)) || keyOf(a).localeCompare(keyOf(b));
}

function statusOf(set: StoredReplicaSet, pods: readonly StoredPod[]): object {
  const ready = pods.filter(isReady).length;
  return {
    replicas: pods.length,
    fullyLabeledReplicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: set.metadata.generation ?? 0,
  };
}
