import { startInformer } from "../controllers/informer.ts";
import { collection, type StoredPod } from "../controllers/objects.ts";
import type { Ports } from "../controllers/ports.ts";
import { type Host, type NodeStatusOptions, runNodeStatus } from "./node-status.ts";
import { type PodsOptions, runPods } from "./pods.ts";

/** The times of a kubelet, and its static pods. */
export interface KubeletOptions extends NodeStatusOptions, PodsOptions {}

export const kubeletDefaults: KubeletOptions = {
  heartbeatMs: 10_000,
  statusEvery: 1,
  unchangedMs: 5 * 60_000,
  readyAfterMs: 200,
  podStartMs: 200,
  podStopMs: 200,
  staticPods: [],
};

/** One boot's kubelet: registers the node, says how it is, runs its pods, until the machine goes down. */
export async function runKubelet(
  ports: Ports,
  host: Host,
  options: KubeletOptions,
  onRegistered: () => void = () => {},
): Promise<void> {
  const pods = startInformer<StoredPod>(ports, {
    collection: collection("pods"),
    fieldSelector: `spec.nodeName=${host.name}`,
  });
  await Promise.all([
    runNodeStatus(ports, host, options, onRegistered),
    runPods(ports, host, pods, options),
    pods.done,
  ]);
}
