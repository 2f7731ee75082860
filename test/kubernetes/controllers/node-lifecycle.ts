import { isDeepStrictEqual } from "node:util";
import type { Informers } from "./informers.ts";
import {
  type Condition,
  conditionOf,
  isReady,
  pathOf,
  type StoredLease,
  type StoredNode,
  type StoredPod,
  type Taint,
  timeText,
  withConditions,
} from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { unschedulableTaint } from "./scheduling.ts";

const leaseNamespace = "kube-node-lease";
const conditionTypes = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/**
 * Says of a node what its kubelet can no longer say: a Lease that is not renewed makes its conditions Unknown. Keeps
 * the taints in step with the conditions and with the cordon, and old names of labels with the new ones.
 */
export async function runNodeLifecycle(
  ports: Ports,
  informers: Informers,
  { graceMs }: { graceMs: number },
): Promise<void> {
  const { api, clock, signal } = ports;
  const nodes = informers.of<StoredNode>("nodes");
  const leases = informers.of<StoredLease>("leases");
  const pods = informers.of<StoredPod>("pods");
  /** By our own clock, as the node's may differ. */
  const renewedAt = new Map<string, number>();
  const wasReady = new Set<string>();
  const queue = createQueue(ports, reconcile);
  await Promise.all([nodes.synced, leases.synced, pods.synced]);
  leases.onChange(({ now, before }) => {
    const lease = now ?? before;
    if (lease?.metadata.namespace !== leaseNamespace || now?.spec?.renewTime === before?.spec?.renewTime)
      return;
    renewedAt.set(lease.metadata.name, clock.elapsed());
  });
  nodes.onChange(({ key }) => queue.add(key));
  await queue.run();

  async function reconcile(name: string): Promise<void> {
    const node = nodes.get(name);
    if (node === undefined) {
      renewedAt.delete(name);
      wasReady.delete(name);
      return;
    }
    if (!renewedAt.has(name)) renewedAt.set(name, clock.elapsed());
    const silentMs = clock.elapsed() - (renewedAt.get(name) ?? 0);
    if (silentMs < graceMs) queue.addAfter(name, graceMs - silentMs);
    const current = silentMs >= graceMs ? await declareUnknown(node) : node;
    await keepLabels(current);
    await keepTaints(nodes.get(name) ?? current);
    if (isReady(current)) wasReady.add(name);
    else if (wasReady.has(name)) {
      const here = pods.all().filter((pod) => pod.spec?.nodeName === name);
      await markPodsNotReady(ports, here);
      wasReady.delete(name);
    }
  }

  async function declareUnknown(node: StoredNode): Promise<StoredNode> {
    if (conditionOf(node, "Ready")?.status === "Unknown") return node;
    const unknown = unknownConditions(node);
    const conditions = withConditions(node.status?.conditions, timeText(clock.wall()), ...unknown);
    return patch(node, "/status", { status: { conditions } });
  }

  async function keepLabels(node: StoredNode): Promise<void> {
    const labels = missingLabels(node);
    if (Object.keys(labels).length > 0) await patch(node, "", { metadata: { labels } });
  }

  async function keepTaints(node: StoredNode): Promise<void> {
    const before = node.spec?.taints ?? [];
    const after = taintsFor(node, timeText(clock.wall()));
    if (!isDeepStrictEqual(before, after)) await patch(node, "", { spec: { taints: after } });
  }

  async function patch(
    node: StoredNode,
    subresource: string,
    body: { metadata?: object; spec?: object; status?: object },
  ): Promise<StoredNode> {
    // Under its version, as lists are written whole.
    const { resourceVersion } = node.metadata;
    const path = pathOf("nodes", node) + subresource;
    const metadata = { ...body.metadata, resourceVersion };
    const answer = await api.patch<StoredNode>(path, { ...body, metadata }, { signal });
    nodes.enter(answer);
    return answer;
  }
}

function unknownConditions(node: StoredNode): Condition[] {
  return conditionTypes.map((type) => ({
    ...conditionOf(node, type),
    type,
    status: "Unknown",
    reason: "NodeStatusUnknown",
    message: "Kubelet stopped posting node status.",
  }));
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#beta-kubernetes-io-arch-deprecated */
function missingLabels({ metadata: { labels = {} } }: StoredNode): Record<string, string> {
  const copies = ["os", "arch"].flatMap((what) => {
    const value = labels[`kubernetes.io/${what}`];
    const name = `beta.kubernetes.io/${what}`;
    return value === undefined || labels[name] === value ? [] : [[name, value]];
  });
  return Object.fromEntries(copies);
}

/** Once, when the node stops being Ready; later it is for its kubelet to say. */
async function markPodsNotReady({ api, clock, signal }: Ports, pods: readonly StoredPod[]): Promise<void> {
  for (const pod of pods) {
    if (!isReady(pod)) continue;
    const notReady = { type: "Ready", status: "False" };
    const conditions = withConditions(pod.status?.conditions, timeText(clock.wall()), notReady);
    const { resourceVersion } = pod.metadata;
    const body = { metadata: { resourceVersion }, status: { conditions } };
    // Refused (changed meanwhile, or gone): the queue brings the node up again, and the pods still to be marked.
    await api.patch(`${pathOf("pods", pod)}/status`, body, { signal });
  }
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-not-ready */
function taintsFor(node: StoredNode, now: string): Taint[] {
  const ready = conditionOf(node, "Ready")?.status;
  const isCordoned = node.spec?.unschedulable === true;
  const wanted: Taint[] = [
    ...(isCordoned ? [unschedulableTaint] : []),
    ...(ready === "True" ? [] : pair(ready === "False" ? "not-ready" : "unreachable")),
  ];
  const before = node.spec?.taints ?? [];
  const kept = before.filter((taint) => !isOurs(taint) || wanted.some((other) => isSame(taint, other)));
  const added = wanted.filter((taint) => !kept.some((other) => isSame(taint, other)));
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: now }))];
}

function pair(name: "not-ready" | "unreachable"): Taint[] {
  return ["NoSchedule", "NoExecute"].map((effect) => ({ key: `node.kubernetes.io/${name}`, effect }));
}

function isOurs({ key }: Taint): boolean {
  return ["not-ready", "unreachable", "unschedulable"].includes(key.replace("node.kubernetes.io/", ""));
}

function isSame(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}
