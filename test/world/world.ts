import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import { type Clock, type Random, systemClock } from "../../daemon/time/clock.ts";
import { withDeadline } from "../../daemon/time/deadline.ts";
import {
  type ControllerName,
  type ControllerOptions,
  runControllers,
} from "../kubernetes/controllers/manager.ts";
import { isReady } from "../kubernetes/controllers/objects.ts";
import type { Ports } from "../kubernetes/controllers/ports.ts";
import { type KubeletOptions, kubeletDefaults, runKubelet } from "../kubernetes/machines/kubelet.ts";
import {
  createMachine,
  type Machine,
  type MachineEvent,
  randomUuid,
} from "../kubernetes/machines/machine.ts";
import { diskStorage } from "../kubernetes/machines/storage.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { administrator, type ClusterServer, type ClusterUser } from "../kubernetes/server.ts";
import { createWorkload, ensureNamespace, isWorkloadReady, type Workload } from "../kubernetes/workloads.ts";
import type { CycleTimes, Report, Rules } from "./judge.ts";
import { defaultLock, type LockPlace, readLock, setLock } from "./lock-place.ts";
import { type Observer, startObserver } from "./observer.ts";
import type { DaemonPlace } from "./rebootd.ts";
import { createWorldNode, type WorldNode } from "./world-node.ts";

export interface WorldOptions {
  server: ClusterServer;
  /** How many, or their names. */
  nodes: number | readonly string[];
  /** How many may be down at one time; what the daemons are told is up to `startDaemon`. */
  concurrency: number;
  rebootSeconds: number;
  workloads: readonly Workload[];
  kubelet: Partial<KubeletOptions>;
  controllers: readonly ControllerName[] | undefined;
  controllerOptions: ControllerOptions;
  lock: LockPlace;
  /** Starts the node's daemon; without it the nodes have none. */
  startDaemon: ((place: DaemonPlace, machine: Machine) => DaemonHandle) | undefined;
  /** Whom the daemon of a node is to the API server. */
  daemonUser: (node: string) => ClusterUser;
  /** For the files of the run; it is removed at the end. By default one of its own below the system's. */
  folder: string | undefined;
  /** Ends the start, too. */
  signal: AbortSignal | undefined;
  clock: Clock;
  random: Random;
  onMachineEvent: (event: MachineEvent) => void;
}

export interface World {
  /** With all rights. */
  readonly api: Api;
  readonly signal: AbortSignal;
  /** Files of the run: one folder and one log for each node, kubeconfigs. */
  readonly folder: string;
  readonly nodes: readonly WorldNode[];
  readonly observer: Observer;
  readonly adminKubeconfig: string;
  node(name: string): WorldNode;
  /** The value of the lock's annotation. */
  lock(): Promise<string | undefined>;
  setLock(value: string | null): Promise<void>;
  addWorkload(workload: Workload): Promise<void>;
  /** Waits until the predicate holds; after `withinMs` an error that names `what`. */
  eventually(what: string, predicate: () => boolean | Promise<boolean>, withinMs?: number): Promise<void>;
  /** Waits until every node waits, first of all for the reason with this code. */
  allWaitFor(code: string): Promise<void>;
  /** Waits until the last cycle of each of these nodes is over, reboot included; a cycle begins with the sentinel. */
  rolled(names?: readonly string[], withinMs?: number): Promise<void>;
  /** What was promised and what came of it, up to now; everything has to be over, unless said otherwise. */
  report(rules?: Partial<Rules>): Promise<Report>;
  /** Nothing is left running, and no file unless they are to be kept. */
  stop(options?: { keepFolder: boolean }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const startMs = 60_000;
const pollMs = 25;

/** A whole cluster: nodes on machines, controllers, workloads, a daemon on each node. Resolves when all of it is up. */
export async function startWorld(
  options: Partial<WorldOptions> & Pick<WorldOptions, "server">,
): Promise<World> {
  const settings: WorldOptions = {
    nodes: 3,
    concurrency: 1,
    rebootSeconds: 0.5,
    workloads: [],
    kubelet: {},
    controllers: undefined,
    controllerOptions: {},
    lock: defaultLock,
    startDaemon: undefined,
    daemonUser: (node) => ({ name: `rebootd:${node}`, groups: ["system:masters"] }),
    folder: undefined,
    signal: undefined,
    clock: systemClock,
    random: Math.random,
    onMachineEvent: () => {},
    ...options,
  };
  const { server, clock, random, lock, concurrency } = settings;
  const folder = settings.folder ?? mkdtempSync(join(tmpdir(), "rebootd-world-"));
  // The daemons are stopped while there is still an API server to say goodbye to; then the rest.
  const machinesEnd = new AbortController();
  const worldEnd = new AbortController();
  const { signal } = worldEnd;
  const waiting = settings.signal === undefined ? signal : AbortSignal.any([settings.signal, signal]);
  const admin: Ports = { api: server.apiFor(administrator), clock, random, signal };
  const machineTasks: Promise<void>[] = [];
  const tasks: Promise<void>[] = [];
  let failure: { error: unknown } | undefined;

  function keep(list: Promise<void>[], task: Promise<void>): void {
    const caught = task.catch((error: unknown) => {
      // After the end nobody asks; before it, a part of the world that breaks makes every wait fail.
      if (!signal.aborted) failure ??= { error };
    });
    list.push(caught);
  }

  async function eventually(
    what: string,
    predicate: () => boolean | Promise<boolean>,
    withinMs = 30_000,
  ): Promise<void> {
    await withDeadline(clock, withinMs, waiting, what, async (inner) => {
      for (;;) {
        inner.throwIfAborted();
        if (failure !== undefined) throw failure.error;
        if (await predicate()) return;
        await clock.sleep(pollMs, inner);
      }
    });
  }

  async function kubeconfigFor(user: ClusterUser, holder: string): Promise<string> {
    const file = join(folder, `${holder}.kubeconfig`);
    writeFileSync(file, await server.kubeconfigFor(user), { mode: 0o600 });
    return file;
  }

  async function addMachine(name: string, number: number): Promise<WorldNode> {
    const place = join(folder, name);
    const logFile = join(folder, `${name}.log`);
    const kubeconfig = await kubeconfigFor(settings.daemonUser(name), `rebootd-${name}`);
    const machineID = randomUuid(random).replaceAll("-", "");
    const kubelet = { ...kubeletDefaults, ...settings.kubelet };
    const api = server.apiFor({ name: `system:node:${name}`, groups: ["system:nodes", "system:masters"] });
    const { startDaemon } = settings;
    const machine = createMachine({
      name,
      storage: diskStorage(place),
      clock,
      random,
      signal: machinesEnd.signal,
      rebootSeconds: settings.rebootSeconds,
      runKubelet: (bootID, power, onRegistered) => {
        const host = { name, number, machineID, bootID };
        return runKubelet({ api, clock, random, signal: power }, host, kubelet, onRegistered);
      },
      startDaemon:
        startDaemon &&
        ((machine) => startDaemon({ name, folder: place, kubeconfig, logFile, concurrency, lock }, machine)),
      onEvent: (event) => {
        observer?.onMachineEvent(event);
        settings.onMachineEvent(event);
      },
    });
    keep(machineTasks, machine.run());
    return createWorldNode({ name, machine, folder: place, logFile, api: admin.api, signal });
  }

  async function stop({ keepFolder = false } = {}): Promise<void> {
    machinesEnd.abort(new Error("the world ends"));
    await Promise.all(machineTasks);
    worldEnd.abort(new Error("the world ends"));
    await Promise.all(tasks);
    await server.stop();
    if (!keepFolder) rmSync(folder, { recursive: true, force: true });
  }

  let observer: Observer | undefined;
  try {
    for (const namespace of ["default", "kube-system", "kube-node-lease", lock.namespace]) {
      await ensureNamespace(admin, namespace);
    }
    keep(tasks, runControllers(controllerPorts(), settings.controllers, settings.controllerOptions));
    // Without the controller for them, the taint of a new node stays.
    const hasTaintsKept = settings.controllers?.includes("nodeLifecycle") ?? true;
    const names = namesOf(settings.nodes);
    const adminKubeconfig = await kubeconfigFor(administrator, administrator.name);
    const nodes = await Promise.all(names.map((name, index) => addMachine(name, index + 1)));
    await eventually("all nodes are Ready", () => allReady(nodes, hasTaintsKept), startMs);
    // Now, so that their pods are spread over all nodes.
    for (const workload of settings.workloads) await createWorkload(admin, workload);
    for (const workload of settings.workloads) {
      const what = `all pods of ${workload.name} are Ready`;
      await eventually(what, () => isWorkloadReady(admin, workload), startMs);
    }
    const watching = startObserver(admin, lock);
    observer = watching;
    keep(tasks, watching.done);
    await watching.synced;
    return worldOf(nodes, watching, adminKubeconfig);
  } catch (error) {
    await stop();
    throw error;
  }

  function controllerPorts(): Ports {
    return {
      ...admin,
      api: server.apiFor({ name: "system:kube-controller-manager", groups: ["system:masters"] }),
    };
  }

  function worldOf(nodes: readonly WorldNode[], watching: Observer, adminKubeconfig: string): World {
    const report = async (rules: Partial<Rules> = {}) => {
      await watching.settle();
      return watching.report({ concurrency, isOver: true, ...rules });
    };
    return {
      api: admin.api,
      signal,
      folder,
      nodes,
      observer: watching,
      adminKubeconfig,
      node: (name) => {
        const found = nodes.find((node) => node.name === name);
        if (found === undefined) throw new Error(`there is no node ${name}`);
        return found;
      },
      lock: () => readLock(admin, lock),
      setLock: (value) => setLock(admin, lock, value),
      addWorkload: (workload) => createWorkload(admin, workload),
      eventually,
      allWaitFor: (code) =>
        eventually(`all nodes wait: ${code}`, async () => {
          const records = await Promise.all(nodes.map((node) => node.record()));
          return records.every((record) => record?.phase === "Waiting" && record.reasons?.[0]?.code === code);
        }),
      rolled: (names = nodes.map((node) => node.name), withinMs = 60_000) => {
        const haveRolled = async () => {
          const seen = (await report({ isOver: false })).nodes;
          return names.every((name) => isWhole(seen.find((node) => node.name === name)?.cycles.at(-1)));
        };
        return eventually(`a whole cycle on ${names.join(", ")}`, haveRolled, withinMs);
      },
      report,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  }
}

function namesOf(nodes: WorldOptions["nodes"]): readonly string[] {
  return typeof nodes === "number" ? Array.from({ length: nodes }, (_, n) => `n${n + 1}`) : nodes;
}

async function allReady(nodes: readonly WorldNode[], withoutTaints: boolean): Promise<boolean> {
  try {
    const objects = await Promise.all(nodes.map((node) => node.object()));
    return objects.every((node) => isReady(node) && !(withoutTaints && (node.spec?.taints ?? []).length > 0));
  } catch (error) {
    // Not registered yet.
    if (isApiError(error, "not-found")) return false;
    throw error;
  }
}

function isWhole(cycle: CycleTimes | undefined): boolean {
  return typeof cycle?.rebootedAt === "string" && cycle.releasedAt !== null;
}
