import { isApiError } from "../../../daemon/cluster/api.ts";
import type { Informer } from "../controllers/informer.ts";
import {
  type Condition,
  collection,
  conditionOf,
  isDeleted,
  isFinished,
  keyOf,
  pathOf,
  type StoredPod,
  timeText,
  withConditions,
} from "../controllers/objects.ts";
import type { Ports } from "../controllers/ports.ts";
import { createQueue } from "../controllers/queue.ts";
import { addressOf, type Host } from "./node-status.ts";

/** Annotations by which a test gives one pod its own times, in seconds; "never" for a start that does not end. */
export const podStartAnnotation = "machines.test/start-seconds";
export const podStopAnnotation = "machines.test/stop-seconds";
/** A pod with it ends by itself after so many seconds, with the exit code that the other one names; 0 without it. */
export const podRunAnnotation = "machines.test/run-seconds";
export const podExitAnnotation = "machines.test/exit-code";
/** While it is there the pod runs and is not Ready. */
export const podBrokenAnnotation = "machines.test/broken";

export interface PodsOptions {
  /** From when a pod is seen until it is Ready. */
  podStartMs: number;
  /** What a pod takes to stop, unless its grace ends before. */
  podStopMs: number;
  /** Names of static pods, which the kubelet shows the server as mirror pods. */
  staticPods: readonly string[];
}

/** A pod as this boot knows it; nothing of it outlives the boot. */
interface Running {
  key: string;
  readyAt: number;
  restarts: number;
  podIP: string;
  stopsAt?: number;
}

/** Starts the pods that are bound to the node and ends those that are deleted. */
export async function runPods(
  ports: Ports,
  host: Host,
  pods: Informer<StoredPod>,
  options: PodsOptions,
): Promise<void> {
  const { api, clock, signal } = ports;
  const running = new Map<string, Running>();
  const queue = createQueue(ports, reconcile);
  let addresses = 0;
  pods.onChange(({ key }) => queue.add(key));
  for (const name of options.staticPods) queue.add(`kube-system/${name}-${host.name}`);
  await queue.run();

  async function reconcile(key: string): Promise<void> {
    const pod = pods.get(key);
    for (const [uid, { key: other }] of running) {
      if (other === key && uid !== pod?.metadata.uid) running.delete(uid);
    }
    if (pod === undefined) return isStatic(key) ? createMirror(ports, host, key) : undefined;
    if (isDeleted(pod)) return stop(pod);
    if (!isFinished(pod)) await start(pod);
  }

  async function start(pod: StoredPod): Promise<void> {
    const known = running.get(pod.metadata.uid) ?? begin(pod);
    const hasStarted = clock.elapsed() >= known.readyAt;
    const isReady = hasStarted && pod.metadata.annotations?.[podBrokenAnnotation] === undefined;
    if (!hasStarted && known.readyAt < Number.POSITIVE_INFINITY) {
      queue.addAfter(keyOf(pod), known.readyAt - clock.elapsed());
    }
    const endsAt = known.readyAt + secondsToMs(pod, podRunAnnotation, Number.POSITIVE_INFINITY);
    if (clock.elapsed() >= endsAt) return finish(pod, known);
    if (endsAt < Number.POSITIVE_INFINITY) queue.addAfter(keyOf(pod), endsAt - clock.elapsed());
    if (isSaid(pod, known, isReady)) return;
    const { resourceVersion } = pod.metadata;
    const body = { metadata: { resourceVersion }, status: statusOf(pod, known, isReady, host, clock.wall()) };
    pods.enter(await api.patch<StoredPod>(`${pathOf("pods", pod)}/status`, body, { signal }));
  }

  async function finish(pod: StoredPod, known: Running): Promise<void> {
    const { resourceVersion } = pod.metadata;
    const exitCode = Number(pod.metadata.annotations?.[podExitAnnotation] ?? 0);
    const status = finishedStatusOf(statusOf(pod, known, false, host, clock.wall()), exitCode, clock.wall());
    const body = { metadata: { resourceVersion }, status };
    pods.enter(await api.patch<StoredPod>(`${pathOf("pods", pod)}/status`, body, { signal }));
  }

  function begin(pod: StoredPod): Running {
    addresses += 1;
    const before = pod.status?.containerStatuses?.[0];
    const known = {
      key: keyOf(pod),
      readyAt: clock.elapsed() + secondsToMs(pod, podStartAnnotation, options.podStartMs),
      // It ran under an earlier boot, which has ended its containers.
      restarts: before?.started === true ? before.restartCount + 1 : (before?.restartCount ?? 0),
      podIP: `10.244.${host.number % 256}.${1 + (addresses % 254)}`,
    };
    running.set(pod.metadata.uid, known);
    return known;
  }

  async function stop(pod: StoredPod): Promise<void> {
    const isRunning = running.has(pod.metadata.uid) && pod.status?.phase === "Running";
    const known = running.get(pod.metadata.uid) ?? begin(pod);
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000;
    const stopMs = secondsToMs(pod, podStopAnnotation, options.podStopMs);
    const takesMs = isRunning ? Math.min(graceMs, stopMs) : 0;
    // A shorter grace may be asked for while it stops.
    known.stopsAt = Math.min(known.stopsAt ?? Number.POSITIVE_INFINITY, clock.elapsed() + takesMs);
    if (clock.elapsed() < known.stopsAt) return queue.addAfter(keyOf(pod), known.stopsAt - clock.elapsed());
    try {
      const { uid } = pod.metadata;
      const body = { gracePeriodSeconds: 0, preconditions: { uid } };
      await api.delete(pathOf("pods", pod), body, { signal });
    } catch (error) {
      // A conflict is tried again: where another of the same name is there by now, the next look sees it.
      if (!isApiError(error, "not-found")) throw error;
    }
  }

  function isStatic(key: string): boolean {
    return options.staticPods.some((name) => key === `kube-system/${name}-${host.name}`);
  }
}

/** https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/ */
async function createMirror({ api, signal }: Ports, host: Host, key: string): Promise<void> {
  const node = await api.get<StoredPod>(`${collection("nodes")}/${host.name}`, { signal });
  const [namespace, name = ""] = key.split("/");
  const { uid } = node.metadata;
  const hash = "0f8f2c1de5e2bcb5d5a0ab1b9bb0a1bd";
  const mirror = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      annotations: {
        "kubernetes.io/config.mirror": hash,
        "kubernetes.io/config.hash": hash,
        "kubernetes.io/config.source": "file",
      },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: host.name, uid, controller: true }],
    },
    spec: {
      nodeName: host.name,
      hostNetwork: true,
      priorityClassName: "system-node-critical",
      containers: [{ name: "static", image: "registry.test/static:1" }],
      tolerations: [{ operator: "Exists", effect: "NoExecute" }],
    },
  };
  try {
    await api.create(collection("pods", namespace), mirror, { signal });
  } catch (error) {
    if (!isApiError(error, "already-exists")) throw error;
  }
}

/** What the server has is what this boot would say. */
function isSaid(pod: StoredPod, known: Running, isReady: boolean): boolean {
  const status = pod.status;
  const container = status?.containerStatuses?.[0];
  return (
    container?.restartCount === known.restarts &&
    container.started === isReady &&
    status?.podIP === known.podIP &&
    conditionOf(pod, "Ready")?.status === (isReady ? "True" : "False")
  );
}

function finishedStatusOf(status: PodStatus, exitCode: number, now: number): object {
  const at = timeText(now);
  const reason = exitCode === 0 ? "Completed" : "Error";
  const terminated = { exitCode, reason, startedAt: at, finishedAt: at };
  return {
    ...status,
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    containerStatuses: status.containerStatuses.map((one) => ({
      ...one,
      started: false,
      state: { terminated },
    })),
  };
}

type PodStatus = ReturnType<typeof statusOf>;

function statusOf(pod: StoredPod, known: Running, isReady: boolean, host: Host, now: number) {
  const status = isReady ? "True" : "False";
  const at = timeText(now);
  const why = isReady ? {} : { reason: "ContainersNotReady", message: "containers are not ready" };
  const conditions: Condition[] = [
    { type: "PodScheduled", status: "True" },
    { type: "PodReadyToStartContainers", status: "True" },
    { type: "Initialized", status: "True" },
    { type: "ContainersReady", status, ...why },
    { type: "Ready", status, ...why },
  ];
  const hostIP = addressOf(host);
  const hasRun = isReady || known.restarts > 0;
  return {
    phase: hasRun ? "Running" : "Pending",
    startTime: pod.status?.startTime ?? at,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP: known.podIP,
    podIPs: [{ ip: known.podIP }],
    qosClass: pod.status?.qosClass ?? "BestEffort",
    conditions: withConditions(pod.status?.conditions, at, ...conditions),
    containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = "" }) => ({
      name,
      image,
      imageID: "",
      ready: isReady,
      started: isReady,
      restartCount: known.restarts,
      state: isReady ? { running: { startedAt: at } } : { waiting: { reason: "ContainerCreating" } },
    })),
  };
}

function secondsToMs(pod: StoredPod, annotation: string, otherwise: number): number {
  const text = pod.metadata.annotations?.[annotation];
  if (text === undefined) return otherwise;
  return text === "never" ? Number.POSITIVE_INFINITY : Number(text) * 1000;
}
