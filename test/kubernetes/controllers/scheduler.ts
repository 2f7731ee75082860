import { isApiError } from "../../../daemon/cluster/api.ts";
import type { Informers } from "./informers.ts";
import {
  controllerOf,
  isDeleted,
  isFinished,
  keyOf,
  pathOf,
  type StoredNode,
  type StoredPod,
  timeText,
  withConditions,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { objection } from "./scheduling.ts";

/** As kubelets are set up by default. */
const podsPerNodeMax = 110;

/** Binds pods without a node to a node that takes them, first where the fewest of their siblings are. */
export async function runScheduler(ports: Ports, informers: Informers): Promise<void> {
  const { api, clock, signal } = ports;
  const pods = informers.of<StoredPod>("pods");
  const nodes = informers.of<StoredNode>("nodes");
  const queue = createQueue(ports, schedule);
  /** Bound by us, but not yet seen so: the next choice has to count them. */
  const assumed = new Map<string, string>();
  const retryAll = () => {
    for (const pod of pods.all()) if (isUnbound(pod)) queue.add(keyOf(pod));
  };
  await Promise.all([pods.synced, nodes.synced]);
  pods.onChange(({ key, now }) => {
    if (now === undefined || !isUnbound(now)) assumed.delete(key);
    if (now === undefined || isFinished(now)) retryAll();
    else if (isUnbound(now)) queue.add(key);
  });
  nodes.onChange(retryAll);
  await queue.run();

  async function schedule(key: string): Promise<void> {
    const pod = pods.get(key);
    if (pod === undefined || !isUnbound(pod) || assumed.has(key)) return;
    const nodeOf = (other: StoredPod) => other.spec?.nodeName ?? assumed.get(keyOf(other));
    const target = choose(pod, nodes.all(), countByNode(pod, pods.all(), nodeOf));
    if (typeof target !== "string") return reportUnschedulable(pod, target.why);
    const { name, namespace, uid } = pod.metadata;
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace, uid },
      target: { apiVersion: "v1", kind: "Node", name: target },
    };
    try {
      await api.create(`${pathOf("pods", pod)}/binding`, binding, { signal });
    } catch (error) {
      // A conflict is tried again: where it is bound by then, the next look sees it.
      if (!isApiError(error, "not-found")) throw error;
      return;
    }
    // The watch may have shown it before the answer came.
    const current = pods.get(key);
    if (current !== undefined && isUnbound(current)) assumed.set(key, target);
  }

  async function reportUnschedulable(pod: StoredPod, message: string): Promise<void> {
    const conditions = withConditions(pod.status?.conditions, timeText(clock.wall()), {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
    });
    if (pod.status?.conditions?.some((condition) => condition.message === message)) return;
    const { resourceVersion } = pod.metadata;
    const body = { metadata: { resourceVersion }, status: { conditions } };
    pods.enter(await api.patch<StoredPod>(`${pathOf("pods", pod)}/status`, body, { signal }));
  }
}

/** Pods on a node, and those of them with the same controller. */
interface Count {
  siblings: number;
  all: number;
}

function countByNode(
  pod: StoredPod,
  pods: readonly StoredPod[],
  nodeOf: (other: StoredPod) => string | undefined,
): Map<string, Count> {
  const counts = new Map<string, Count>();
  const owner = controllerOf(pod)?.uid;
  for (const other of pods) {
    const node = nodeOf(other);
    if (node === undefined || isFinished(other)) continue;
    const count = counts.get(node) ?? { siblings: 0, all: 0 };
    count.all += 1;
    if (owner !== undefined && controllerOf(other)?.uid === owner && !isDeleted(other)) count.siblings += 1;
    counts.set(node, count);
  }
  return counts;
}

/** The name of the best node for the pod, or why no node takes it. */
function choose(
  pod: StoredPod,
  nodes: readonly StoredNode[],
  counts: ReadonlyMap<string, Count>,
): string | { why: string } {
  const reasons = new Map<string, number>();
  let best: ({ name: string } & Count) | undefined;
  for (const node of nodes) {
    const count = counts.get(node.metadata.name) ?? { siblings: 0, all: 0 };
    const why =
      objection(pod.spec ?? { containers: [] }, node) ?? (hasRoom(node, count.all) ? undefined : full);
    if (why !== undefined) reasons.set(why, (reasons.get(why) ?? 0) + 1);
    else if (best === undefined || isBetter(count, best)) best = { name: node.metadata.name, ...count };
  }
  if (best !== undefined) return best.name;
  const counted = [...reasons].map(([why, count]) => `${count} ${why}`).join(", ");
  return { why: `0/${nodes.length} nodes are available: ${counted}.` };
}

const full = "Too many pods";

function hasRoom(node: StoredNode, pods: number): boolean {
  return pods < Number(node.status?.allocatable?.["pods"] ?? podsPerNodeMax);
}

function isBetter(a: Count, b: Count): boolean {
  return a.siblings === b.siblings ? a.all < b.all : a.siblings < b.siblings;
}

function isUnbound(pod: StoredPod): boolean {
  const { nodeName, schedulingGates = [], schedulerName = "default-scheduler" } = pod.spec ?? {};
  const isWaiting = (nodeName ?? "") === "" && schedulingGates.length === 0 && !isFinished(pod);
  return isWaiting && !isDeleted(pod) && schedulerName === "default-scheduler";
}
