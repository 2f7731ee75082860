/** The other nodes on which a pod could run. Pure. */
import { contract } from "../annotations/names.ts";
import { matchesNode } from "../cluster/node-affinity.ts";
import { isReady } from "../cluster/nodes.ts";
import type { Node, Pod } from "../cluster/objects.ts";
import { parseQuantity, quantityText } from "../cluster/quantity.ts";

/** A node, and what is free on it, in thousandths. */
export interface Room {
  node: Node;
  free: Requests;
}

type Requests = ReadonlyMap<string, number>;
type PodSpec = NonNullable<Pod["spec"]>;
type Taint = NonNullable<NonNullable<Node["spec"]>["taints"]>[number];
type Toleration = NonNullable<PodSpec["tolerations"]>[number];

/** The rooms of these nodes under these pods, which have not ended. */
export function roomsOf(nodes: readonly Node[], pods: readonly Pod[]): readonly Room[] {
  const podsOn = Map.groupBy(pods, ({ spec }) => spec?.nodeName);
  return nodes.map((node) => {
    const free = new Map<string, number>();
    add(free, quantities(node.status?.allocatable));
    for (const pod of podsOn.get(node.metadata?.name) ?? []) add(free, requestsOf(pod), -1);
    return { node, free };
  });
}

/** Provider IDs that the distribution has made up itself, of machines that nobody rents. */
const ownMachine = /^(k3s|rke2|kind):/;

/**
 * Whether an autoscaler may add nodes that are not there yet: somebody's cloud has given these their names.
 */
export function mayGrow(nodes: readonly Node[]): boolean {
  return nodes.some(({ spec }) => spec?.providerID && !ownMachine.test(spec.providerID));
}

/**
 * https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/: it may push others away.
 */
export function mayPreempt({ spec }: Pod): boolean {
  return (spec?.priority ?? 0) > 0 && spec?.preemptionPolicy !== "Never";
}

/**
 * Why none of the nodes takes the pod, with how many nodes for each reason; undefined when one does. It knows
 * the scheduler's rules on the node itself, its labels, its taints and the requests; not those on other pods
 * and volumes.
 */
export function whyNowhere(pod: Pod, rooms: readonly Room[]): string | undefined {
  if (rooms.length === 0) return "there is no other node";
  const counts = new Map<string, number>();
  const requests = requestsOf(pod);
  for (const room of rooms) {
    const objection = objectionOf(pod, requests, room);
    if (objection === undefined) return undefined;
    counts.set(objection, (counts.get(objection) ?? 0) + 1);
  }
  const parts = [...counts].map(([objection, count]) => `${count} ${objection}`);
  return `no other node can take it: ${parts.join(", ")}`;
}

/** The end of "2 …". */
function objectionOf(pod: Pod, requests: Requests, { node, free }: Room): string | undefined {
  if (!isReady(node)) return "not Ready";
  if (node.spec?.unschedulable && !tolerates(pod, cordonTaint)) return "unschedulable";
  if (!matchesNode(pod.spec, node.metadata ?? {})) return "without the labels that it requires";
  const taint = node.spec?.taints?.find((one) => one.effect !== "PreferNoSchedule" && !tolerates(pod, one));
  if (taint !== undefined) return `with the untolerated taint ${taint.key}`;
  for (const [name, amount] of requests) {
    if (amount <= 0 || !(amount > (free.get(name) ?? 0))) continue;
    return name === "pods"
      ? "without room for another pod"
      : `without room for ${quantityText(amount)} ${name}`;
  }
  return undefined;
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-unschedulable */
export const cordonTaint: Taint = { key: contract.unschedulable.key, effect: "NoSchedule" };

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export function tolerates({ spec }: Pod, taint: Taint): boolean {
  return (spec?.tolerations ?? []).some((toleration) => isFor(toleration, taint));
}

function isFor({ key, operator = "Equal", value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (!key) return operator === "Exists";
  return key === taint.key && (operator === "Exists" || (value ?? "") === (taint.value ?? ""));
}

/**
 * The resources that a pod takes of a node: its containers together, or its init containers before them if
 * they need more; a sidecar runs beside both.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
export function requestsOf({ spec }: Pod): Requests {
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const { restartPolicy, resources } of spec?.initContainers ?? []) {
    const own = quantities(resources?.requests);
    const isSidecar = restartPolicy === "Always";
    if (isSidecar) add(sidecars, own);
    raise(peak, isSidecar ? sidecars : add(new Map(sidecars), own));
  }
  const total = sidecars;
  for (const { resources } of spec?.containers ?? []) add(total, quantities(resources?.requests));
  raise(total, peak);
  // A request for the pod as a whole replaces those of its containers.
  for (const [name, amount] of quantities(spec?.resources?.requests)) total.set(name, amount);
  add(total, quantities(spec?.overhead));
  return total.set("pods", 1000);
}

function quantities(texts: Record<string, string> | undefined): Requests {
  return new Map(Object.entries(texts ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function add(sum: Map<string, number>, amounts: Requests, times = 1): Map<string, number> {
  for (const [name, amount] of amounts) sum.set(name, (sum.get(name) ?? 0) + times * amount);
  return sum;
}

function raise(most: Map<string, number>, amounts: Requests): void {
  for (const [name, amount] of amounts) most.set(name, Math.max(most.get(name) ?? 0, amount));
}
