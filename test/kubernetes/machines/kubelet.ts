import { startInformer } from "../controllers/informer.ts";
import { collection, type StoredPod } from "../controllers/objects.ts";
import type { Ports } from "../controllers/ports.ts";
import { runNodeStatus } from "./node-status.ts";
import { runPods } from "./pods.ts";

/** The machine as its kubelet sees it. */
export interface Host {
  name: string;
  /** From 1; addresses are made of it. */
  number: number;
  machineID: string;
  bootID: string;
  labels?: Record<string, string>;
}

export interface KubeletOptions {
  /** How often the Lease is renewed, and how often the status is compared with what the server has. */
  heartbeatMs: number;
  /** From the start of the kubelet until the node is Ready. */
  readyAfterMs: number;
  /** From when a pod is seen until it is Ready. */
  podStartMs: number;
  /** What a pod takes to stop, unless its grace ends before. */
  podStopMs: number;
  /** Names of static pods, which the kubelet shows the server as mirror pods. */
  staticPods: readonly string[];
}

export const kubeletDefaults: KubeletOptions = {
  heartbeatMs: 10_000,
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
