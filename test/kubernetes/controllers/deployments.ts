import { createHash } from "node:crypto";
import { isApiError } from "../../../daemon/cluster/api.ts";
import type { Informers } from "./informers.ts";
import {
  collection,
  controllerOf,
  isDeleted,
  ownedBy,
  pathOf,
  type StoredDeployment,
  type StoredReplicaSet,
  timeText,
  withConditions,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { writeStatus } from "./status.ts";

const hashLabel = "pod-template-hash";

/** One ReplicaSet for each template; an older one is emptied once the newest is available. */
export async function runDeployments(ports: Ports, informers: Informers): Promise<void> {
  const { api, clock, signal } = ports;
  const deployments = informers.of<StoredDeployment>("deployments");
  const sets = informers.of<StoredReplicaSet>("replicasets");
  const queue = createQueue(ports, reconcile);
  await Promise.all([deployments.synced, sets.synced]);
  deployments.onChange(({ key }) => queue.add(key));
  sets.onChange(({ now, before }) => {
    const set = now ?? before;
    const owner = set && controllerOf(set);
    if (owner?.kind === "Deployment") queue.add(`${set?.metadata.namespace}/${owner.name}`);
  });
  await queue.run();

  async function reconcile(key: string): Promise<void> {
    const deployment = deployments.get(key);
    if (deployment === undefined || isDeleted(deployment)) return;
    const replicas = deployment.spec?.replicas ?? 1;
    const name = `${deployment.metadata.name}-${hashOf(deployment.spec?.template)}`;
    const owned = sets.all().filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
    const newest = owned.find((set) => set.metadata.name === name) ?? (await createSet(deployment, name));
    if (newest === undefined) return;
    await scale(newest, replicas);
    if ((newest.status?.availableReplicas ?? 0) >= replicas) {
      for (const set of owned) if (set.metadata.name !== name) await scale(set, 0);
    }
    await report(deployment, newest, owned);
  }

  async function createSet(
    deployment: StoredDeployment,
    name: string,
  ): Promise<StoredReplicaSet | undefined> {
    try {
      const path = collection("replicasets", deployment.metadata.namespace);
      const set = await api.create<StoredReplicaSet>(path, setOf(deployment, name), { signal });
      sets.enter(set);
      return set;
    } catch (error) {
      // Of an earlier life of this controller: the watch is about to show it.
      if (isApiError(error, "already-exists")) return undefined;
      throw error;
    }
  }

  async function scale(set: StoredReplicaSet, replicas: number): Promise<void> {
    if (set.spec?.replicas === replicas) return;
    sets.enter(
      await api.patch<StoredReplicaSet>(pathOf("replicasets", set), { spec: { replicas } }, { signal }),
    );
  }

  async function report(
    deployment: StoredDeployment,
    newest: StoredReplicaSet,
    owned: readonly StoredReplicaSet[],
  ): Promise<void> {
    const all = owned.length > 0 ? owned : [newest];
    const sum = (count: (set: StoredReplicaSet) => number | undefined) =>
      all.reduce((total, set) => total + (count(set) ?? 0), 0);
    const available = sum((set) => set.status?.availableReplicas);
    const isAvailable = available >= (deployment.spec?.replicas ?? 1);
    await writeStatus(ports, "deployments", deployment, {
      replicas: sum((set) => set.status?.replicas),
      updatedReplicas: newest.status?.replicas ?? 0,
      readyReplicas: sum((set) => set.status?.readyReplicas),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, (deployment.spec?.replicas ?? 1) - available),
      observedGeneration: deployment.metadata.generation ?? 0,
      conditions: withConditions(deployment.status?.conditions, timeText(clock.wall()), {
        type: "Available",
        status: isAvailable ? "True" : "False",
        reason: isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
      }),
    });
  }
}

function setOf(deployment: StoredDeployment, name: string): object {
  const { template, selector, replicas = 1 } = deployment.spec ?? { template: undefined, selector: {} };
  const hash = { [hashLabel]: hashOf(template) };
  const labels = { ...template?.metadata?.labels, ...hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name, labels, ownerReferences: ownedBy("Deployment", deployment) },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, ...hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
}

function hashOf(template: unknown): string {
  return createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
}
