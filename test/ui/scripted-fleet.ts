/** A fleet that stands still: Nodes with records as daemons would have written them, on a simulated API server. */
import type { Api } from "../../daemon/cluster/api.ts";
import { type CycleRecord, idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { collection } from "../kubernetes/controllers/objects.ts";
import { ensureNamespace } from "../kubernetes/workloads.ts";
import { createManifests } from "../world/manifests.ts";

/** A Node, its record, its daemon's pod and its events. */
export interface ScriptedNode {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  record?: Partial<CycleRecord>;
  /** RFC 3339: since when it is not Ready. */
  notReadySince?: string;
  /** "Ready" by default. */
  daemon?: "Ready" | "CrashLoopBackOff" | "none";
  events?: readonly { reason: string; type: "Normal" | "Warning"; message: string; at: string }[];
}

export interface ScriptedFleet {
  nodes: readonly ScriptedNode[];
  /** Of the lock object. */
  annotations?: Record<string, string>;
  /** Arguments of the daemons, beside those of the manifests. */
  args?: readonly string[];
}

const namespace = "kube-system";
const labels = { "app.kubernetes.io/name": "rebootd" };
/** More at a time only wait for each other. */
const batchSize = 100;

/** Creates all of it, with our manifests. */
export async function installFleet(api: Api, fleet: ScriptedFleet, now: number): Promise<void> {
  const { signal } = new AbortController();
  for (const name of ["default", namespace]) await ensureNamespace({ api, signal }, name);
  await createManifests(api, signal);
  await api.patch(
    `${collection("leases", namespace)}/rebootd`,
    { metadata: { annotations: fleet.annotations } },
    { signal },
  );
  await addArguments(api, fleet.args ?? [], signal);
  for (let from = 0; from < fleet.nodes.length; from += batchSize) {
    const batch = fleet.nodes.slice(from, from + batchSize);
    await Promise.all(batch.map((node) => installNode(api, node, now, signal)));
  }
}

/** The annotations of a Node with this record. */
export function annotationsOf(
  { annotations = {}, record }: ScriptedNode,
  now: number,
): Record<string, string> {
  const cycle = writeRecord({ ...idleRecord(now), ...record });
  return { "rebootd.dev/cycle": cycle, ...annotations };
}

async function addArguments(api: Api, args: readonly string[], signal: AbortSignal): Promise<void> {
  const path = `${collection("daemonsets", namespace)}/rebootd`;
  const found = await api.get<{ spec: { template: { spec: { containers: { args: string[] }[] } } } }>(path, {
    signal,
  });
  const [container, ...others] = found.spec.template.spec.containers;
  const containers = [{ ...container, args: [...(container?.args ?? []), ...args] }, ...others];
  await api.patch(path, { spec: { template: { spec: { containers } } } }, { signal });
}

async function installNode(api: Api, node: ScriptedNode, now: number, signal: AbortSignal): Promise<void> {
  const { name, notReadySince, record, events = [] } = node;
  const ready = { type: "Ready", status: notReadySince === undefined ? "True" : "Unknown" };
  const body = {
    metadata: {
      name,
      labels: { "kubernetes.io/os": "linux", "kubernetes.io/hostname": name, ...node.labels },
      annotations: annotationsOf(node, now),
    },
    spec: { unschedulable: record?.cordoned === true },
    status: {
      nodeInfo: { bootID: record?.bootID ?? `boot-${name}`, osImage: "Debian GNU/Linux 12 (bookworm)" },
      conditions: [
        { ...ready, lastTransitionTime: notReadySince ?? new Date(now - 86_400_000).toISOString() },
      ],
    },
  };
  await api.create(collection("nodes"), body, { signal });
  await api.patch(`${collection("nodes")}/${name}/status`, { status: body.status }, { signal });
  await installDaemon(api, node, signal);
  for (const [n, event] of events.entries())
    await api.create(eventsPath, eventOf(name, n, event), { signal });
}

const eventsPath = "/api/v1/namespaces/default/events";

function eventOf(name: string, n: number, event: NonNullable<ScriptedNode["events"]>[number]): object {
  const { reason, type, message, at } = event;
  return {
    metadata: { name: `${name}.${n}`, namespace: "default" },
    involvedObject: { kind: "Node", name, uid: name },
    reason,
    type,
    message,
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
    source: { component: "rebootd", host: name },
  };
}

async function installDaemon(
  api: Api,
  { name, daemon = "Ready" }: ScriptedNode,
  signal: AbortSignal,
): Promise<void> {
  if (daemon === "none") return;
  const isReady = daemon === "Ready";
  const pods = collection("pods", namespace);
  const pod = `rebootd-${name}`.slice(0, 60);
  const containers = [{ name: "rebootd", image: "rebootd:0.1.0" }];
  await api.create(
    pods,
    { metadata: { name: pod, labels }, spec: { nodeName: name, containers } },
    { signal },
  );
  const waiting = {
    restartCount: 12,
    ready: false,
    state: { waiting: { reason: daemon } },
    lastState: { terminated: { exitCode: 2 } },
  };
  const running = { restartCount: 0, ready: true, state: { running: {} }, lastState: {} };
  const status = {
    phase: "Running",
    conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
    containerStatuses: [
      { name: "rebootd", image: "rebootd:0.1.0", imageID: "", ...(isReady ? running : waiting) },
    ],
  };
  await api.patch(`${pods}/${pod}/status`, { status }, { signal });
}
