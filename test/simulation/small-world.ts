import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import type { Lease, WholeNode } from "../../daemon/cluster/objects.ts";
import type { OptionName, RawOptions } from "../../daemon/config/settings.ts";
import { type Phase, parseRecord } from "../../daemon/cycle/record.ts";
import type { EventReason } from "../../daemon/report/events.ts";
import type { Metrics } from "../../daemon/report/metrics.ts";
import type { ApiServer, RequestFacts } from "../kubernetes/api/server.ts";
import { runBudgetHolder } from "../kubernetes/controllers/budget-holder.ts";
import {
  type ControllerOptions,
  controllerNames,
  runControllers,
} from "../kubernetes/controllers/manager.ts";
import { type NodeAgents, runNodeAgents } from "../kubernetes/controllers/node-agents.ts";
import type { Machine, MachineEvent } from "../kubernetes/machines/machine.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import type { VirtualTime } from "../kubernetes/virtual-time.ts";
import { createWorkload, type Workload } from "../kubernetes/workloads.ts";
import { installKured, kuredUser } from "../world/kured-rights.ts";
import { defaultLock, readLock, setLock } from "../world/lock-place.ts";
import { type Admitted, admissionKinds, createManifests, daemonUser } from "../world/manifests.ts";
import { createWorldNode, type TestWorld } from "../world/words.ts";
import type { MachineClock } from "./machine-clock.ts";
import {
  createSimulatedNode,
  type Hooks,
  type SimulatedNode,
  type SimulatedNodeOptions,
} from "./simulated-node.ts";
import { startVirtualServer, type VirtualServer } from "./virtual-server.ts";

export interface SmallWorldOptions extends SimulatedNodeOptions {
  nodes: number;
  workloads?: Workload[];
  controllers?: ControllerOptions;
  /** How often a quiet watch gets a bookmark. */
  bookmarkIntervalMs?: number;
  /** Of a controller that is none of Kubernetes' own. */
  nodeAgents?: NodeAgents;
  /** Jobs are run, which only daemons with hook Jobs need. */
  jobs?: boolean;
  /** Name of a budget that lets nothing go but from cordoned nodes. */
  heldBudget?: string;
  seed?: number;
  /** What the daemons may do: what the manifests say, unless it is everything, or what kured may. */
  rights?: "everything" | "kured";
  /** Of `manifests/components`, beside the base. */
  components?: string[];
  /** What the policy admits beside its own; without it what docs/harden.md has an operator add for the options. */
  admitted?: Admitted;
  /** Machines that join later than the others. */
  joinsAfterMs?: Record<string, number>;
}

/** For stories of weeks: what happens all the time happens far less often, but not so rarely that a watch counts as broken. */
export const slowCluster = {
  kubelet: { heartbeatMs: 60 * 60_000 },
  controllers: { nodeGraceMs: 90 * 60_000 },
  bookmarkIntervalMs: 4 * 60_000,
} satisfies Partial<SmallWorldOptions>;

/** A cluster in memory and in virtual time, with the real daemon on each node. */
export interface SmallWorld extends TestWorld, Hooks {
  readonly time: VirtualTime;
  readonly server: ApiServer;
  readonly machines: readonly Machine[];
  readonly events: readonly MachineEvent[];
  readonly logs: readonly string[];
  /** Of each process of a daemon that there was. */
  readonly metrics: readonly Metrics[];
  /** How many events with this reason the daemons have counted. */
  eventsCounted(reason: EventReason): Promise<number>;
  machine(name: string): Machine;
  /** The clock that the processes of a machine have. */
  clockOf(name: string): MachineClock;
  /** Takes the API server away for as long as there is any such reason. */
  setAway(reason: string, isAway: boolean): void;
  /** Runs another daemon of this node beside the usual one, in each boot, until the answer is called. */
  runSecondDaemon(name: string, options: RawOptions): () => void;
  /** Runs a daemon of another kind on a machine, as `user`, in each boot, until the answer is called. */
  runBeside(name: string, user: string, start: (api: Api, clock: MachineClock) => DaemonHandle): () => void;
  /** Starts the daemons of these nodes anew with other options, as a roll of the DaemonSet does. */
  restartDaemons(options: RawOptions, names: readonly string[]): Promise<void>;
  /** The same for one node, at once. */
  restartDaemon(name: string, options: RawOptions): void;
  /** The state of the cluster as it is stored now. */
  look(): Promise<Snapshot>;
}

export interface Snapshot {
  phases: Record<string, Phase>;
  cordoned: string[];
  lock: string | undefined;
}

/** True for a request of one of the daemons; for faults that leave kubelets and controllers alone. */
export function isFromDaemon({ user }: RequestFacts): boolean {
  return user === daemonUser.name || user === kuredUser.name;
}

const ownLock = {
  path: "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd",
  annotation: "rebootd.dev/lock",
};
const kuredLock = {
  path: "/apis/apps/v1/namespaces/kube-system/daemonsets/kured",
  annotation: "weave.works/kured-node-lock",
};

export async function startSmallWorld(options: SmallWorldOptions): Promise<SmallWorld> {
  const { seed, rights, between, bookmarkIntervalMs } = options;
  const base = startVirtualServer({
    seed,
    bookmarkIntervalMs,
    authorization: rights === "everything" || between ? "always-allow" : "rbac",
  });
  const { time, server, api, signal, portsFor } = base;
  const events: MachineEvent[] = [];
  const logs: string[] = [];
  const metrics: Metrics[] = [];
  const hooks: Hooks = { onDaemonRequest: () => {}, onMachineEvent: () => {}, onAnnouncement: () => {} };

  const names = controllerNames.filter((name) => name !== "jobs");
  void runControllers(portsFor("controllers"), names, options.controllers);
  if (options.jobs) void runControllers(portsFor("jobs"), ["jobs"]);
  const { components = [] } = options;
  const without = ["DaemonSet", ...(components.includes("without-admission") ? admissionKinds : [])];
  const admitted = options.admitted ?? admittedFor(options.options);
  if (rights === "kured") await installKured(api, signal);
  else await createManifests(api, signal, { without, admitted });
  for (const component of components)
    await createManifests(api, signal, { folder: `components/${component}` });
  const nodes = Array.from({ length: options.nodes }, (_, index) => {
    const node = createSimulatedNode(index + 1, options, { ...base, events, logs, metrics, hooks });
    const joinsAfterMs = options.joinsAfterMs?.[node.machine.name] ?? 0;
    void time.clock.sleep(joinsAfterMs, signal).then(node.machine.run, () => {});
    return node;
  });
  await time.pass(2000);
  for (const workload of options.workloads ?? []) await createWorkload(base, workload);
  if (options.heldBudget !== undefined) void runBudgetHolder(portsFor("operators"), options.heldBudget);
  if (options.nodeAgents !== undefined) void runNodeAgents(portsFor("agents"), options.nodeAgents);
  await time.pass(3000);

  // The hooks themselves, so that a test that sets one of the world's sets that of the nodes.
  return Object.assign(hooks, {
    ...clusterWords(base, logs),
    ...nodeWords(base, nodes),
    time,
    server,
    events,
    logs,
    metrics,
    eventsCounted: async (reason: EventReason) => {
      const counts = await Promise.all(metrics.map(({ events: counter }) => counter.get()));
      const ofReason = counts
        .flatMap(({ values }) => values)
        .filter(({ labels }) => labels.reason === reason);
      return ofReason.reduce((sum, { value }) => sum + value, 0);
    },
    setAway: awayWord(server),
    look: () => look(base, rights === "kured" ? kuredLock : ownLock),
  });
}

function clusterWords(
  { api, signal, time, stop }: VirtualServer,
  logs: readonly string[],
): Omit<TestWorld, "node"> {
  const ports = { api, signal };
  return {
    api,
    signal,
    async until(what, check, withinMs = 1_800_000) {
      for (let passed = 0; passed < withinMs; passed += 1000) {
        if (await check()) return;
        await time.pass(1000);
      }
      assert.fail(`${what}: not within ${withinMs / 1000} s\n${logs.slice(-20).join("\n")}`);
    },
    pass: time.pass,
    lock: () => readLock(ports, defaultLock),
    setLock: (value) => setLock(ports, defaultLock, value),
    addWorkload: (workload) => createWorkload(ports, workload),
    stop,
  };
}

function nodeWords({ time, api, signal, portsFor }: VirtualServer, nodes: readonly SimulatedNode[]) {
  const find = (name: string) =>
    nodes.find(({ machine }) => machine.name === name) ?? assert.fail(`no machine ${name}`);
  return {
    machines: nodes.map(({ machine }) => machine),
    node: (name: string) => createWorldNode(find(name).machine, { api, signal }),
    machine: (name: string) => find(name).machine,
    clockOf: (name: string) => find(name).clock,
    runSecondDaemon(name: string, options: RawOptions): () => void {
      const { machine, startDaemon } = find(name);
      return machine.runBeside(() => startDaemon(options));
    },
    runBeside(
      name: string,
      user: string,
      start: (api: Api, clock: MachineClock) => DaemonHandle,
    ): () => void {
      const { machine, clock } = find(name);
      const { api: own } = portsFor(user, signal, clock);
      return machine.runBeside(() => start(own, clock));
    },
    async restartDaemons(options: RawOptions, names: readonly string[]): Promise<void> {
      for (const name of names) find(name).restartDaemon(options);
      await time.pass(1000);
    },
    restartDaemon: (name: string, options: RawOptions) => find(name).restartDaemon(options),
  };
}

function awayWord(server: ApiServer): SmallWorld["setAway"] {
  const reasons = new Set<string>();
  return (reason, isAway) => {
    if (isAway) reasons.add(reason);
    else reasons.delete(reason);
    if (server.away !== reasons.size > 0) server.setAway(reasons.size > 0);
  };
}

async function look({ api, signal }: VirtualServer, { path, annotation }: typeof ownLock): Promise<Snapshot> {
  const nodes = await api.get<{ items: WholeNode[] }>("/api/v1/nodes", { signal });
  const lockObject = await api.get<Lease>(path, { signal });
  const phases: Snapshot["phases"] = {};
  for (const { metadata } of nodes.items) {
    phases[metadata?.name ?? ""] =
      parseRecord(metadata?.annotations?.[contract.cycle.key]).record?.phase ?? "Idle";
  }
  const cordoned = nodes.items
    .filter(({ spec }) => spec?.unschedulable)
    .map(({ metadata }) => metadata?.name ?? "");
  return { phases, cordoned, lock: lockObject.metadata?.annotations?.[annotation] };
}

/** Keys that docs/harden.md has an operator add to the policy for these options. */
function admittedFor(options: RawOptions = {}): Admitted {
  const keys = (...names: OptionName[]) =>
    names
      .flatMap((name) => options[name] ?? [])
      .flatMap((text) => text.split(","))
      .map((text) => text.split("=")[0] ?? "");
  return {
    nodeLabels: keys("pre-reboot-node-labels", "post-reboot-node-labels"),
    removedNodeLabels: keys("request-label"),
    nodeAnnotations: keys("before-reboot-hooks", "after-reboot-hooks"),
    leaseAnnotations: keys("lock-annotation"),
  };
}
