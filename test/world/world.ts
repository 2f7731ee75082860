import { type Cluster, type ClusterOptions, type Host, startCluster } from "../kubernetes/cluster.ts";
import type { Machine } from "../kubernetes/machines/machine.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import type { ClusterUser } from "../kubernetes/server.ts";
import { createWorkload } from "../kubernetes/workloads.ts";
import type { CycleTimes } from "./courses.ts";
import type { Report, Rules } from "./judge.ts";
import { defaultLock, type LockPlace, readLock, setLock } from "./lock-place.ts";
import { type Observer, startObserver } from "./observer.ts";
import type { DaemonPlace } from "./rebootd.ts";
import { createWorldNode, type TestWorld, type WorldNode } from "./words.ts";

/** Those of the cluster, and the daemons on it. */
export interface WorldOptions extends Omit<ClusterOptions, "daemonOn" | "namespaces"> {
  /** How many may be down at one time; which options the daemons get is up to `startDaemon`. */
  concurrency: number;
  lock: LockPlace;
  /** Starts the node's daemon; without it the nodes have none. */
  startDaemon: (place: DaemonPlace, machine: Machine) => DaemonHandle;
  /** The user that a node's daemon is to the API server. */
  daemonUser: (node: string) => ClusterUser;
}

/** A node whose machine has a folder, and whose daemon is a process with a log. */
export interface HostNode extends WorldNode {
  /** With the sentinel and the boot ID. */
  readonly folder: string;
  /** Of its daemon. */
  readonly logFile: string;
}

/** The words of every world, and what only processes and real time have. */
export interface World extends TestWorld {
  /** Files of the run: one folder and one log for each node, kubeconfigs. */
  readonly folder: string;
  readonly nodes: readonly HostNode[];
  readonly observer: Observer;
  readonly adminKubeconfig: string;
  node(name: string): HostNode;
  /** Waits until every node waits, first of all for the reason with this code. */
  allWaitFor(code: string): Promise<void>;
  /** Waits until the last cycle of each of these nodes is over, reboot included; a cycle begins with the sentinel. */
  rolled(names?: readonly string[], withinMs?: number): Promise<void>;
  /** What was promised and what came of it, up to now; everything has to be over, unless said otherwise. */
  report(rules?: Partial<Rules>): Promise<Report>;
  /** Nothing is left running, and no file unless they are to be kept. */
  stop(options?: { keepFolder?: boolean }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A cluster with a daemon on each node, and an observer of what happens. Resolves when all of it is up. */
export async function startWorld(
  options: Partial<WorldOptions> & Pick<WorldOptions, "server">,
): Promise<World> {
  const {
    concurrency = 1,
    lock = defaultLock,
    startDaemon,
    daemonUser = (node) => ({ name: `rebootd:${node}`, groups: ["system:masters"] }),
    onMachineEvent,
    ...ofCluster
  } = options;
  let observer: Observer | undefined;
  const daemonOn =
    startDaemon &&
    (async ({ name, folder, logFile, kubeconfigFor }: Host) => {
      const kubeconfig = await kubeconfigFor(daemonUser(name));
      const place: DaemonPlace = { name, folder, kubeconfig, logFile, concurrency, lock };
      return (machine: Machine) => startDaemon(place, machine);
    });
  const cluster = await startCluster({
    ...ofCluster,
    namespaces: [lock.namespace],
    daemonOn,
    onMachineEvent: (event) => {
      observer?.onMachineEvent(event);
      onMachineEvent?.(event);
    },
  });
  try {
    observer = startObserver(cluster.ports, lock);
    cluster.run(observer.done);
    await observer.synced;
    return worldOf(cluster, observer, { concurrency, lock });
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function worldOf(
  cluster: Cluster,
  observer: Observer,
  { concurrency, lock }: Pick<WorldOptions, "concurrency" | "lock">,
): World {
  const { ports, folder, adminKubeconfig, until, stop } = cluster;
  const nodes = cluster.nodes.map(
    ({ machine, host }): HostNode => ({
      ...createWorldNode(machine, ports),
      folder: host.folder,
      logFile: host.logFile,
    }),
  );
  const report = async (rules: Partial<Rules> = {}) => {
    await observer.settle();
    return observer.report({ concurrency, isOver: true, ...rules });
  };
  return {
    api: ports.api,
    signal: ports.signal,
    folder,
    nodes,
    observer,
    adminKubeconfig,
    node: (name) => {
      const found = nodes.find((node) => node.name === name);
      if (found === undefined) throw new Error(`there is no node ${name}`);
      return found;
    },
    lock: () => readLock(ports, lock),
    setLock: (value) => setLock(ports, lock, value),
    addWorkload: (workload) => createWorkload(ports, workload),
    until,
    pass: (ms) => ports.clock.sleep(ms, ports.signal),
    allWaitFor: (code) =>
      until(`all nodes wait: ${code}`, async () => {
        const records = await Promise.all(nodes.map((node) => node.record()));
        return records.every((record) => record?.phase === "Waiting" && record.reasons?.[0]?.code === code);
      }),
    rolled: (names = nodes.map((node) => node.name), withinMs = 60_000) => {
      const haveRolled = async () => {
        const seen = (await report({ isOver: false })).nodes;
        return names.every((name) => isWhole(seen.find((node) => node.name === name)?.cycles.at(-1)));
      };
      return until(`a whole cycle on ${names.join(", ")}`, haveRolled, withinMs);
    },
    report,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function isWhole(cycle: CycleTimes | undefined): boolean {
  return typeof cycle?.rebootedAt === "string" && cycle.releasedAt !== null;
}
