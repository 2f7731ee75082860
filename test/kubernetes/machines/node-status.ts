import { isApiError } from "../../../daemon/cluster/api.ts";
import { backoffMs } from "../../../daemon/time/backoff.ts";
import {
  type Condition,
  collection,
  conditionOf,
  type StoredLease,
  type StoredNode,
  timeText,
  withConditions,
} from "../controllers/objects.ts";
import type { Ports } from "../controllers/ports.ts";

const retry = { firstMs: 100, maxMs: 5000 };
const leaseSeconds = 40;

/** The machine as its kubelet sees it. */
export interface Host {
  name: string;
  /** From 1; addresses are made of it. */
  number: number;
  machineID: string;
  bootID: string;
  labels?: Record<string, string>;
}

export interface NodeStatusOptions {
  /** How often the Lease is renewed. */
  heartbeatMs: number;
  /** After so many of these times the status is compared with what the server has. */
  statusEvery: number;
  /**
   * A status that has not changed is reported, too, so long after the last report: `nodeStatusReportFrequency`.
   * https://kubernetes.io/docs/reference/node/node-status/#heartbeats
   */
  unchangedMs: number;
  /** From the start of the kubelet until the node is Ready. */
  readyAfterMs: number;
}

/** Registers the node and keeps its status and its Lease fresh. */
export async function runNodeStatus(
  ports: Ports,
  host: Host,
  options: NodeStatusOptions,
  onRegistered: () => void,
): Promise<void> {
  const { api, clock, random, signal } = ports;
  const { heartbeatMs, statusEvery, unchangedMs, readyAfterMs } = options;
  const readyAt = clock.elapsed() + readyAfterMs;
  const nodePath = `${collection("nodes")}/${host.name}`;
  let last: { heartbeat: string; at: number; wallAtStart: number } | undefined;

  const becomesReady = async () => {
    // The first report tells of the boot and is NotReady, as the container runtime has yet to answer.
    await untilAccepted(async () => report(await register()));
    onRegistered();
    await pause(readyAt - clock.elapsed());
    while (!signal.aborted) {
      await untilAccepted(() => report(undefined));
      await pause(statusEvery * heartbeatMs);
    }
  };
  const stayAlive = async () => {
    while (!signal.aborted) {
      await untilAccepted(() => renewLease(ports, host));
      await pause(heartbeatMs);
    }
  };
  await Promise.all([becomesReady(), stayAlive()]);

  async function register(): Promise<StoredNode> {
    const labels = labelsOf(host);
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: host.name, labels } };
    try {
      return await api.create<StoredNode>(collection("nodes"), { ...node, spec: {} }, { signal });
    } catch (error) {
      if (!isApiError(error, "already-exists")) throw error;
      return api.patch<StoredNode>(nodePath, { metadata: { labels } }, { signal });
    }
  }

  /** The boot ID and the conditions go in one patch: nobody may see the new boot as Ready under the old ID. */
  async function report(registered: StoredNode | undefined): Promise<void> {
    const node = registered ?? (await api.get<StoredNode>(nodePath, { signal }));
    const ready = readyCondition(clock.elapsed() >= readyAt);
    // A kubelet that has just started reports whatever the server has: nothing else tells it from the one before.
    const isSaid =
      registered === undefined &&
      node.status?.nodeInfo?.bootID === host.bootID &&
      conditionOf(node, "Ready")?.status === ready.status &&
      conditionOf(node, "Ready")?.reason === ready.reason &&
      !isOutdated(node);
    if (isSaid) return;
    const now = timeText(clock.wall());
    const conditions = [...pressures, ready].map((condition) => ({ ...condition, lastHeartbeatTime: now }));
    const { resourceVersion } = node.metadata;
    const status = {
      ...statusOf(host),
      conditions: withConditions(node.status?.conditions, now, ...conditions),
    };
    await api.patch(`${nodePath}/status`, { metadata: { resourceVersion }, status }, { signal });
    last = { heartbeat: now, at: clock.elapsed(), wallAtStart: clock.wall() - clock.elapsed() };
  }

  /**
   * Whether the next report is due and the server shows an older one than the last, as after a restore, or the last has
   * the time of a clock that was set since. Other reports of an unchanged status are left out: they say nothing in a story.
   */
  function isOutdated(node: StoredNode): boolean {
    if (last === undefined || clock.elapsed() < last.at + unchangedMs) return false;
    const isSetBack = (conditionOf(node, "Ready")?.lastHeartbeatTime ?? "") < last.heartbeat;
    const setByMs = clock.wall() - clock.elapsed() - last.wallAtStart;
    return isSetBack || Math.abs(setByMs) > unchangedMs;
  }

  async function untilAccepted(work: () => Promise<void>): Promise<void> {
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) return;
        if (!isApiError(error)) throw error;
        await pause(backoffMs(failures, retry, random));
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return clock.sleep(ms, signal).catch(() => {});
  }
}

async function renewLease({ api, clock, signal }: Ports, host: Host): Promise<void> {
  const leases = collection("leases", "kube-node-lease");
  const renewTime = new Date(clock.wall()).toISOString().replace("Z", "000Z");
  const spec = { holderIdentity: host.name, leaseDurationSeconds: leaseSeconds, renewTime };
  try {
    await api.patch<StoredLease>(`${leases}/${host.name}`, { spec }, { signal });
  } catch (error) {
    if (!isApiError(error, "not-found")) throw error;
    const metadata = { name: host.name, namespace: "kube-node-lease" };
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
    await api.create(leases, lease, { signal });
  }
}

function labelsOf(host: Host): Record<string, string> {
  return {
    "kubernetes.io/hostname": host.name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
    ...host.labels,
  };
}

function readyCondition(isReady: boolean): Condition {
  const type = "Ready";
  return isReady
    ? { type, status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
    : {
        type,
        status: "False",
        reason: "KubeletNotReady",
        message: "[container runtime status check may not have completed yet]",
      };
}

const pressures: Condition[] = [
  pressure("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
  pressure("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
  pressure("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
];

function pressure(type: string, reason: string, message: string): Condition {
  return { type, status: "False", reason, message };
}

function statusOf(host: Host): object {
  const room = { cpu: "4", memory: "8Gi", pods: "110", "ephemeral-storage": "50Gi" };
  return {
    capacity: room,
    allocatable: room,
    addresses: [
      { type: "InternalIP", address: addressOf(host) },
      { type: "Hostname", address: host.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      bootID: host.bootID,
      machineID: host.machineID,
      systemUUID: host.machineID,
      kernelVersion: "6.1.0-28-amd64",
      osImage: "Debian GNU/Linux 12 (bookworm)",
      containerRuntimeVersion: "containerd://2.0.2",
      kubeletVersion: "v1.34.0",
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: "amd64",
    },
  };
}

export function addressOf(host: Host): string {
  return `10.0.${Math.floor(host.number / 250)}.${1 + (host.number % 250)}`;
}
