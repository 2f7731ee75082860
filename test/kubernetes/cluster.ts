import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isApiError } from "../../daemon/cluster/api.ts";
import { type Clock, type Random, systemClock } from "../../daemon/time/clock.ts";
import { withDeadline } from "../../daemon/time/deadline.ts";
import { type ControllerName, type ControllerOptions, runControllers } from "./controllers/manager.ts";
import { collection, isReady, type StoredNode } from "./controllers/objects.ts";
import type { Ports } from "./controllers/ports.ts";
import { type KubeletOptions, kubeletDefaults, runKubelet } from "./machines/kubelet.ts";
import { createMachine, type Machine, type MachineEvent } from "./machines/machine.ts";
import { randomUuid } from "./machines/power.ts";
import { diskStorage } from "./machines/storage.ts";
import type { DaemonHandle } from "./machines/supervisor.ts";
import { administrator, type ClusterServer, type ClusterUser } from "./server.ts";
import type { TestCluster } from "./words.ts";
import { createWorkload, ensureNamespace, isWorkloadReady, type Workload } from "./workloads.ts";

/** A machine's place in the files of the run. */
export interface Host {
  name: string;
  /** The machine's own: the sentinel, the boot ID, and the file that makes it reboot. */
  folder: string;
  /** Anything that runs on the machine may add to it. */
  logFile: string;
  /** Writes the user's kubeconfig; resolves with the name of that file. */
  kubeconfigFor(user: ClusterUser): Promise<string>;
}

export interface ClusterOptions {
  server: ClusterServer;
  /** How many, or their names. */
  nodes: number | readonly string[];
  rebootSeconds: number;
  workloads: readonly Workload[];
  /** Created beside those of every cluster. */
  namespaces: readonly string[];
  kubelet: Partial<KubeletOptions>;
  /** All of them by default. */
  controllers: readonly ControllerName[] | undefined;
  controllerOptions: ControllerOptions;
  /** Called once for each machine; the answer starts the machine's daemon in each boot. By default machines have none. */
  daemonOn: ((host: Host) => Promise<(machine: Machine) => DaemonHandle>) | undefined;
  /** For the files of the run; it is removed at the end. By default one of its own below the system's. */
  folder: string | undefined;
  /** Ends the start, too. */
  signal: AbortSignal | undefined;
  clock: Clock;
  random: Random;
  onMachineEvent: (event: MachineEvent) => void;
}

export interface ClusterNode {
  readonly host: Host;
  readonly machine: Machine;
}

export interface Cluster {
  /** An administrator's, and the end of the cluster as their signal. */
  readonly ports: Ports;
  readonly folder: string;
  readonly nodes: readonly ClusterNode[];
  readonly adminKubeconfig: string;
  /** Runs as a part of the cluster: it is waited for at the end, and an error in it fails every wait. */
  run(task: Promise<void>): void;
  /** Waits until the predicate holds; after `withinMs` a DeadlineError that names `what`. */
  until: TestCluster["until"];
  /** Stops machines, then controllers, then the server, and removes the folder unless it is to be kept. */
  stop(options?: { keepFolder?: boolean }): Promise<void>;
}

const startMs = 60_000;
const pollMs = 25;
/** The API server of every cluster has them: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/ */
const initialNamespaces = ["default", "kube-system", "kube-node-lease"];

/** Nodes on machines that reboot, controllers and workloads, with real time. Resolves when all of it is up. */
export async function startCluster(
  options: Partial<ClusterOptions> & Pick<ClusterOptions, "server">,
): Promise<Cluster> {
  const settings: ClusterOptions = {
    nodes: 3,
    rebootSeconds: 0.5,
    workloads: [],
    namespaces: [],
    kubelet: {},
    controllers: undefined,
    controllerOptions: {},
    daemonOn: undefined,
    folder: undefined,
    signal: undefined,
    clock: systemClock,
    random: Math.random,
    onMachineEvent: () => {},
    ...options,
  };
  const { server, controllers, workloads, clock, random } = settings;
  const folder = settings.folder ?? mkdtempSync(join(tmpdir(), "rebootd-world-"));
  const life = createLife(settings);
  const ports: Ports = { api: server.apiFor(administrator), clock, random, signal: life.signal };
  const kubeconfigFor = async (user: ClusterUser, holder: string) => {
    const file = join(folder, `${holder}.kubeconfig`);
    writeFileSync(file, await server.kubeconfigFor(user), { mode: 0o600 });
    return file;
  };
  const hostOf = (name: string): Host => ({
    name,
    folder: join(folder, name),
    logFile: join(folder, `${name}.log`),
    kubeconfigFor: (user) => kubeconfigFor(user, `rebootd-${name}`),
  });
  const stop: Cluster["stop"] = async ({ keepFolder = false } = {}) => {
    await life.end();
    await server.stop();
    if (!keepFolder) rmSync(folder, { recursive: true, force: true });
  };

  try {
    for (const name of [...initialNamespaces, ...settings.namespaces]) await ensureNamespace(ports, name);
    const manager = { name: "system:kube-controller-manager", groups: ["system:masters"] };
    const controllerPorts = { ...ports, api: server.apiFor(manager) };
    life.run(runControllers(controllerPorts, controllers, settings.controllerOptions));
    const adminKubeconfig = await kubeconfigFor(administrator, administrator.name);
    const nodes = await Promise.all(
      namesOf(settings.nodes).map((name, index) => startMachine(hostOf(name), index + 1, settings, life)),
    );
    // Without the controller for them, the taint of a new node stays.
    const isTaintRemoved = controllers?.includes("nodeLifecycle") ?? true;
    await life.until("all nodes are Ready", () => areReady(nodes, ports, isTaintRemoved), startMs);
    // After the nodes, so that pods are spread over all of them.
    for (const workload of workloads) await createWorkload(ports, workload);
    for (const workload of workloads) {
      const what = `all pods of ${workload.name} are Ready`;
      await life.until(what, () => isWorkloadReady(ports, workload), startMs);
    }
    return { ports, folder, nodes, adminKubeconfig, run: life.run, until: life.until, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The tasks of a cluster, and their two ends: machines stop while there is still an API server to talk to; then the rest. */
interface Life extends Pick<Cluster, "run" | "until"> {
  readonly signal: AbortSignal;
  readonly machinesSignal: AbortSignal;
  runMachine(task: Promise<void>): void;
  end(): Promise<void>;
}

function createLife({ clock, signal: outer }: Pick<ClusterOptions, "clock" | "signal">): Life {
  const machinesEnd = new AbortController();
  const end = new AbortController();
  const { signal } = end;
  const waiting = outer === undefined ? signal : AbortSignal.any([outer, signal]);
  const machineTasks: Promise<void>[] = [];
  const tasks: Promise<void>[] = [];
  let failure: { error: unknown } | undefined;

  function keep(list: Promise<void>[], task: Promise<void>): void {
    const caught = task.catch((error: unknown) => {
      // After the end nobody asks; before it, a part that breaks makes every wait fail.
      if (!signal.aborted) failure ??= { error };
    });
    list.push(caught);
  }

  return {
    signal,
    machinesSignal: machinesEnd.signal,
    run: (task) => keep(tasks, task),
    runMachine: (task) => keep(machineTasks, task),
    until: (what, check, withinMs = 30_000) =>
      withDeadline(clock, withinMs, waiting, what, async (inner) => {
        for (;;) {
          inner.throwIfAborted();
          if (failure !== undefined) throw failure.error;
          if (await check()) return;
          await clock.sleep(pollMs, inner);
        }
      }),
    async end() {
      machinesEnd.abort(new Error("the cluster is stopped"));
      await Promise.all(machineTasks);
      end.abort(new Error("the cluster is stopped"));
      await Promise.all(tasks);
    },
  };
}

/** Powers a machine on, with a kubelet that makes it a node in each boot. */
async function startMachine(
  host: Host,
  number: number,
  settings: ClusterOptions,
  life: Life,
): Promise<ClusterNode> {
  const { server, clock, random, daemonOn, onMachineEvent } = settings;
  const { name, folder } = host;
  const startDaemon = await daemonOn?.(host);
  const machineID = randomUuid(random).replaceAll("-", "");
  const kubelet = { ...kubeletDefaults, ...settings.kubelet };
  const api = server.apiFor({ name: `system:node:${name}`, groups: ["system:nodes", "system:masters"] });
  const machine = createMachine({
    name,
    storage: diskStorage(folder),
    clock,
    random,
    signal: life.machinesSignal,
    rebootSeconds: settings.rebootSeconds,
    runKubelet: (bootID, power, onRegistered) => {
      const identity = { name, number, machineID, bootID };
      return runKubelet({ api, clock, random, signal: power }, identity, kubelet, onRegistered);
    },
    startDaemon,
    onEvent: onMachineEvent,
  });
  life.runMachine(machine.run());
  return { host, machine };
}

function namesOf(nodes: ClusterOptions["nodes"]): readonly string[] {
  return typeof nodes === "number" ? Array.from({ length: nodes }, (_, n) => `n${n + 1}`) : nodes;
}

async function areReady(
  nodes: readonly ClusterNode[],
  { api, signal }: Ports,
  isTaintRemoved: boolean,
): Promise<boolean> {
  try {
    const objects = await Promise.all(
      nodes.map(({ host }) => api.get<StoredNode>(`${collection("nodes")}/${host.name}`, { signal })),
    );
    return objects.every(
      (node) => isReady(node) && !(isTaintRemoved && (node.spec?.taints ?? []).length > 0),
    );
  } catch (error) {
    // Not registered yet.
    if (isApiError(error, "not-found")) return false;
    throw error;
  }
}
