import { createHash } from "node:crypto";
import { isApiError } from "../../../daemon/cluster/api.ts";
import type { Informers } from "./informers.ts";
import {
  type Condition,
  collection,
  conditionOf,
  controllerOf,
  isDeleted,
  keyOf,
  ownedBy,
  pathOf,
  type StoredDeployment,
  type StoredReplicaSet,
  timeText,
  withConditions,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { firstReplicas, nextScalings } from "./roll-out.ts";
import { writeStatus } from "./status.ts";

const hashLabel = "pod-template-hash";
const revisionKey = "deployment.kubernetes.io/revision";
/** The server's default. */
const progressDeadlineSeconds = 600;

/** One ReplicaSet for each template; an older one is emptied as the newest becomes available. */
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
    const name = `${deployment.metadata.name}-${hashOf(deployment.spec?.template)}`;
    const owned = sets.all().filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
    const older = owned.filter((set) => set.metadata.name !== name);
    const known = owned.find((set) => set.metadata.name === name);
    if (deployment.spec?.paused && known === undefined) return;
    const newest = known ?? (await createSet(deployment, name, older));
    if (newest === undefined) return;
    for (const { set, replicas } of nextScalings(deployment.spec, newest, older)) await scale(set, replicas);
    await report(deployment, newest, owned);
  }

  async function createSet(
    deployment: StoredDeployment,
    name: string,
    older: readonly StoredReplicaSet[],
  ): Promise<StoredReplicaSet | undefined> {
    try {
      const path = collection("replicasets", deployment.metadata.namespace);
      const body = setOf(deployment, name, older);
      const set = await api.create<StoredReplicaSet>(path, body, { signal });
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
    const progress = progressOf(deployment, newest, owned, clock.wall());
    if (progress.leftMs !== undefined) queue.addAfter(keyOf(deployment), progress.leftMs);
    const annotations = { [revisionKey]: revisionOf(newest) };
    const status = {
      replicas: sum((set) => set.status?.replicas),
      updatedReplicas: newest.status?.replicas ?? 0,
      readyReplicas: sum((set) => set.status?.readyReplicas),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, (deployment.spec?.replicas ?? 1) - available),
      observedGeneration: deployment.metadata.generation ?? 0,
      conditions: withConditions(
        deployment.status?.conditions,
        timeText(clock.wall()),
        {
          type: "Available",
          status: isAvailable ? "True" : "False",
          reason: isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        },
        progress.condition,
      ),
    };
    await writeStatus(ports, "deployments", deployment, status, annotations);
  }
}

/** The time runs from the creation of the newest ReplicaSet; `leftMs`: until it is over. */
function progressOf(
  deployment: StoredDeployment,
  newest: StoredReplicaSet,
  owned: readonly StoredReplicaSet[],
  now: number,
): { condition: Condition; leftMs?: number } {
  const { replicas = 1, progressDeadlineSeconds: seconds = progressDeadlineSeconds } = deployment.spec ?? {};
  const isDone =
    (newest.status?.availableReplicas ?? 0) >= replicas &&
    owned.every((set) => set === newest || (set.status?.replicas ?? 0) === 0);
  const type = "Progressing";
  const before = conditionOf(deployment, type);
  const isOfNewest = deployment.metadata.annotations?.[revisionKey] === revisionOf(newest);
  const wasDone = isOfNewest && before?.reason === "NewReplicaSetAvailable";
  if (isDone || wasDone) return { condition: { type, status: "True", reason: "NewReplicaSetAvailable" } };
  const createdAt = Date.parse(newest.metadata.creationTimestamp ?? "");
  const leftMs = createdAt + seconds * 1000 - now;
  if (leftMs <= 0) return { condition: { type, status: "False", reason: "ProgressDeadlineExceeded" } };
  return { condition: { type, status: "True", reason: "ReplicaSetUpdated" }, leftMs };
}

function revisionOf(set: StoredReplicaSet): string {
  return set.metadata.annotations?.[revisionKey] ?? "1";
}

function setOf(deployment: StoredDeployment, name: string, older: readonly StoredReplicaSet[]): object {
  const { template, selector } = deployment.spec ?? { template: undefined, selector: {} };
  const revision = Math.max(0, ...older.map((set) => Number(revisionOf(set)))) + 1;
  const hash = { [hashLabel]: hashOf(template) };
  const labels = { ...template?.metadata?.labels, ...hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name,
      labels,
      annotations: { [revisionKey]: String(revision) },
      ownerReferences: ownedBy("Deployment", deployment),
    },
    spec: {
      replicas: firstReplicas(deployment.spec, older),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, ...hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
}

function hashOf(template: unknown): string {
  return createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
}
