import { createInformers } from "./informers.ts";
import {
  collection,
  controllerOf,
  isDeleted,
  isFinished,
  type StoredNode,
  type StoredPod,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";

export interface NodeAgents {
  name: string;
  /** How a pod is bound to its node: its spec names it, or its affinity does, for the scheduler to heed. */
  boundBy: "nodeName" | "affinity";
}

/** Of no object that a collector of garbage could look for. */
const uid = "6a0a0d8a-5d2c-4b8e-9f58-0d5b6a1c7a11";

/**
 * One pod on each node, as a controller of another API group makes them, such as OpenKruise's DaemonSet: the next one comes as soon
 * as the last is being deleted, whether the node is cordoned or not.
 */
export async function runNodeAgents(ports: Ports, agents: NodeAgents): Promise<void> {
  const { api, signal } = ports;
  const informers = createInformers(ports);
  const pods = informers.of<StoredPod>("pods");
  const nodes = informers.of<StoredNode>("nodes");
  const queue = createQueue(ports, reconcile);
  let made = 0;
  void informers.done().catch(() => {});
  await Promise.all([pods.synced, nodes.synced]);
  nodes.onChange(({ key }) => queue.add(key));
  pods.onChange(({ now, before }) => {
    const pod = now ?? before;
    if (pod !== undefined && isOurs(pod)) queue.add(nodeOf(pod));
  });
  await queue.run();

  async function reconcile(node: string): Promise<void> {
    if (nodes.get(node) === undefined) return;
    const isThere = (pod: StoredPod) => isOurs(pod) && nodeOf(pod) === node && !isDeleted(pod);
    if (pods.all().some((pod) => isThere(pod) && !isFinished(pod))) return;
    made += 1;
    const body = podFor(node, `${agents.name}-${made}`);
    pods.enter(await api.create<StoredPod>(collection("pods", "default"), body, { signal }));
  }

  function podFor(node: string, name: string): object {
    const nodeSelectorTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }];
    const affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    };
    const cordon = { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" };
    return {
      metadata: {
        name,
        labels: { app: agents.name, node },
        ownerReferences: [
          {
            apiVersion: "apps.kruise.io/v1alpha1",
            kind: "DaemonSet",
            name: agents.name,
            uid,
            controller: true,
          },
        ],
      },
      spec: {
        containers: [{ name: "main", image: "registry.test/agent:1" }],
        ...(agents.boundBy === "nodeName" ? { nodeName: node } : { affinity, tolerations: [cordon] }),
      },
    };
  }

  function isOurs(pod: StoredPod): boolean {
    return controllerOf(pod)?.uid === uid && pod.metadata.labels?.["app"] === agents.name;
  }
}

function nodeOf(pod: StoredPod): string {
  return pod.metadata.labels?.["node"] ?? "";
}
