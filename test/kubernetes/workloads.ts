import { isApiError } from "../../daemon/cluster/api.ts";
import {
  collection,
  type StoredBudget,
  type StoredDaemonSet,
  type StoredDeployment,
} from "./controllers/objects.ts";
import type { Ports } from "./controllers/ports.ts";

/** A Deployment, or a DaemonSet where no number of replicas is given, and the budget of its pods if it has one. */
export interface Workload {
  name: string;
  namespace?: string;
  replicas?: number;
  budget?: { minAvailable?: number | string; maxUnavailable?: number | string };
  /** The kind of object that the budget belongs to; there need not be such an object. */
  budgetOwner?: { apiVersion: string; kind: string };
  /** For its pods. */
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Added to the pods' spec. */
  spec?: object;
}

const ownerUid = "6a0a0d8a-5d2c-4b8e-9f58-0d5b6a1c7a13";

type Caller = Pick<Ports, "api" | "signal">;

export async function createWorkload({ api, signal }: Caller, workload: Workload): Promise<void> {
  const { name, namespace = "default", budget, budgetOwner } = workload;
  await ensureNamespace({ api, signal }, namespace);
  const resource = workload.replicas === undefined ? "daemonsets" : "deployments";
  await api.create(collection(resource, namespace), objectOf(workload), { signal });
  if (budget === undefined) return;
  const selector = { matchLabels: { app: name } };
  const body = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: {
      name,
      namespace,
      ...(budgetOwner && { ownerReferences: [{ ...budgetOwner, name, uid: ownerUid, controller: true }] }),
    },
    spec: { ...budget, selector },
  };
  await api.create(collection("poddisruptionbudgets", namespace), body, { signal });
}

function objectOf({ name, namespace = "default", replicas, labels, annotations, spec }: Workload): object {
  const app = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: replicas === undefined ? "DaemonSet" : "Deployment",
    metadata: { name, namespace },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: app },
      template: {
        metadata: { labels: { ...app, ...labels }, ...(annotations && { annotations }) },
        spec: { containers: [{ name: "main", image: "registry.test/app:1" }], ...spec },
      },
    },
  };
}

/** All its pods are there, and the budget has counted them. */
export async function isWorkloadReady({ api, signal }: Caller, workload: Workload): Promise<boolean> {
  const { name, namespace = "default", replicas, budget } = workload;
  if (replicas === undefined) return isDaemonSetReady({ api, signal }, namespace, name);
  const path = `${collection("deployments", namespace)}/${name}`;
  const deployment = await api.get<StoredDeployment>(path, { signal });
  if ((deployment.status?.availableReplicas ?? 0) < replicas) return false;
  if (budget === undefined) return true;
  const budgetPath = `${collection("poddisruptionbudgets", namespace)}/${name}`;
  const { metadata, status } = await api.get<StoredBudget>(budgetPath, { signal });
  return status?.currentHealthy === replicas && status.observedGeneration === metadata.generation;
}

async function isDaemonSetReady({ api, signal }: Caller, namespace: string, name: string): Promise<boolean> {
  const path = `${collection("daemonsets", namespace)}/${name}`;
  const { status } = await api.get<StoredDaemonSet>(path, { signal });
  return (status?.desiredNumberScheduled ?? 0) > 0 && status?.numberReady === status?.desiredNumberScheduled;
}

/** With its default service account, without which no pod is taken. */
export async function ensureNamespace({ api, signal }: Caller, name: string): Promise<void> {
  const account = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: name },
  };
  const create = async (path: string, body: object) => {
    try {
      await api.create(path, body, { signal });
    } catch (error) {
      if (!isApiError(error, "already-exists")) throw error;
    }
  };
  await create(collection("namespaces"), { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await create(`${collection("namespaces")}/${name}/serviceaccounts`, account);
}
