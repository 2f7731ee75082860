import { contract } from "../../daemon/annotations/names.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { Lease, WholeNode } from "../../daemon/cluster/objects.ts";
import type { ApiRequest, Transport } from "../../daemon/cluster/transport.ts";
import type { OptionName, RawOptions } from "../../daemon/config/settings.ts";
import { type Phase, parseRecord } from "../../daemon/cycle/record.ts";
import type { Host } from "../../daemon/host/host.ts";
import type { HttpPost } from "../../daemon/prometheus/server.ts";
import { type ApiServer, createApiServer, type RequestFacts, type User } from "../kubernetes/api/server.ts";
import { runBudgetHolder } from "../kubernetes/controllers/budget-holder.ts";
import { runControllers } from "../kubernetes/controllers/manager.ts";
import { type NodeAgents, runNodeAgents } from "../kubernetes/controllers/node-agents.ts";
import { type KubeletOptions, kubeletDefaults, runKubelet } from "../kubernetes/machines/kubelet.ts";
import { createMachine, type Machine, type MachineEvent } from "../kubernetes/machines/machine.ts";
import { randomUuid } from "../kubernetes/machines/power.ts";
import { memoryStorage } from "../kubernetes/machines/storage.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { createVirtualTime, type VirtualTime } from "../kubernetes/virtual-time.ts";
import { createWorkload, type Workload } from "../kubernetes/workloads.ts";
import {
  type Admitted,
  admissionKinds,
  createManifests,
  daemonUser,
  daemonUserOn,
} from "../world/manifests.ts";
import { createMachineClock, type MachineClock } from "./machine-clock.ts";
import { pausedWith } from "./paused-transport.ts";
import { seeded } from "./seeded.ts";
import { startSimulatedDaemon } from "./simulated-daemon.ts";

export interface SmallWorldOptions {
  nodes: number;
  workloads?: Workload[];
  /** Of a controller that is none of Kubernetes' own. */
  nodeAgents?: NodeAgents;
  /** Name of a budget that lets nothing go but from cordoned nodes. */
  heldBudget?: string;
  /** For every daemon. */
  options?: RawOptions;
  post?: HttpPost;
  /** For the daemons of all machines, or of each; without it the machines have none. */
  logind?: Host["logind"] | ((machine: Machine) => Host["logind"]);
  seed?: number;
  /** What the daemons may do: what the manifests say, unless it is everything. */
  rights?: "everything";
  /** Of `manifests/components`, beside the base. */
  components?: string[];
  /** What the policy admits beside its own; without it what the README has an operator add for the options. */
  admitted?: Admitted;
  /** Stands between a node's daemon and the server. Each daemon is then a user of its own, `rebootd:NODE`, with all rights. */
  between?: (node: string, transport: Transport) => Transport;
  kubelet?: Partial<KubeletOptions>;
  /** How many of the nodes, from the first on, are of the control plane: labelled so, with these static pods. */
  controlPlane?: { members: number; staticPods: readonly string[] };
  /** Machines that join later than the others. */
  joinsAfterMs?: Record<string, number>;
  /** How far the clock of a machine is off at first: what its kubelet and its daemon take for now. */
  skewMs?: Record<string, number>;
}

/** A cluster in memory and in virtual time, with the real daemon on each node. */
export interface SmallWorld {
  readonly time: VirtualTime;
  readonly server: ApiServer;
  readonly admin: Api;
  readonly signal: AbortSignal;
  readonly machines: readonly Machine[];
  readonly events: readonly MachineEvent[];
  readonly logs: readonly string[];
  /** Told of each request of a daemon before it is sent; for tests to set. */
  onDaemonRequest: (node: string, request: ApiRequest) => void;
  /** Told of each event of a machine; for tests to set. */
  onMachineEvent: (event: MachineEvent) => void;
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
  stop(): Promise<void>;
}

export interface Snapshot {
  phases: Record<string, Phase>;
  cordoned: string[];
  lock: string | undefined;
}

/** True for a request of one of the daemons; for faults that leave kubelets and controllers alone. */
export function isFromDaemon({ user }: RequestFacts): boolean {
  return user === daemonUser.name;
}

/** The user that a node's daemon is, where each is one of its own. */
export function daemonOf(node: string): User {
  return { name: `rebootd:${node}`, groups: [] };
}

const controlPlaneLabel = { "node-role.kubernetes.io/control-plane": "" };
const noon = Date.parse("2026-11-24T12:00:00Z");
const lockPath = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";

export async function startSmallWorld(options: SmallWorldOptions): Promise<SmallWorld> {
  let world: SmallWorld | undefined;
  const random = seeded(options.seed ?? 1);
  const time = createVirtualTime(noon);
  const { clock, timers } = time;
  const clocks = new Map<string, MachineClock>();
  const awayBecause = new Set<string>();
  const stop = new AbortController();
  const { signal } = stop;
  const server = createApiServer({
    timers,
    random,
    authorization: options.rights === "everything" || options.between ? "always-allow" : "rbac",
  });
  // Where answers took no time, a loop of several parties could go round for ever in one moment. The test's own client,
  // for whom time stands still, is answered at once.
  const isAnsweredLate = ({ user }: RequestFacts) => user !== "kubernetes-admin";
  server.faults.add({ match: { where: isAnsweredLate }, effect: { latencyMs: 1 } });
  const apiFor = (token: string) => createClient({ transport: server.transport(token), clock });
  const portsFor = (name: string, inner = signal, own?: MachineClock) => {
    const transport = server.transport(server.addUser({ name, groups: ["system:masters"] }));
    const api = createClient({
      transport: own ? pausedWith(own, transport) : transport,
      clock: own ?? clock,
    });
    return { api, clock: own ?? clock, random, signal: inner };
  };
  const admin = apiFor(server.adminToken);
  const events: MachineEvent[] = [];
  const optionsOf = new Map<string, RawOptions>();
  const daemonStarters = new Map<string, (machine: Machine, options: RawOptions) => DaemonHandle>();
  const logs: string[] = [];

  void runControllers(portsFor("controllers"));
  const { components = [] } = options;
  const without = ["DaemonSet", ...(components.includes("without-admission") ? admissionKinds : [])];
  await createManifests(admin, signal, {
    without,
    admitted: options.admitted ?? admittedFor(options.options),
  });
  for (const component of components) {
    await createManifests(admin, signal, { folder: `components/${component}` });
  }
  const machines = Array.from({ length: options.nodes }, (_, index) => {
    const name = `n${index + 1}`;
    const storage = memoryStorage();
    const ownClock = createMachineClock(clock, options.skewMs?.[name]);
    clocks.set(name, ownClock);
    const { members = 0, staticPods = [] } = options.controlPlane ?? {};
    const isMember = index < members;
    const machineID = randomUuid(random);
    const transport =
      options.between?.(name, server.transport(server.addUser(daemonOf(name)))) ??
      server.transport(server.addUser(daemonUserOn(name)));
    const onMachine = pausedWith(ownClock, transport);
    const startDaemon = (self: Machine, told: RawOptions) =>
      startSimulatedDaemon({
        options: { "node-id": name, ...told },
        storage,
        ...(options.logind && {
          logind: typeof options.logind === "function" ? options.logind(self) : options.logind,
        }),
        surroundings: {
          transport: (request) => {
            world?.onDaemonRequest(name, request);
            return onMachine(request);
          },
          clock: ownClock,
          random,
          post: options.post ?? (async () => ({ status: 503, text: "" })),
        },
        onLog: (line) => logs.push(line),
      });
    daemonStarters.set(name, startDaemon);
    const machine = createMachine({
      name,
      storage,
      // Moments are the world's, and waits the machine's.
      clock: { ...clock, sleep: ownClock.sleep },
      random,
      signal,
      rebootSeconds: 10,
      runKubelet: (bootID, power, onRegistered) =>
        runKubelet(
          portsFor(`kubelet:${name}`, power, ownClock),
          { name, number: index + 1, machineID, bootID, ...(isMember && { labels: controlPlaneLabel }) },
          { ...kubeletDefaults, ...options.kubelet, ...(isMember && { staticPods }) },
          onRegistered,
        ),
      startDaemon: (self) => startDaemon(self, optionsOf.get(name) ?? options.options ?? {}),
      onEvent: (event) => {
        events.push(event);
        world?.onMachineEvent(event);
      },
    });
    const joinsAfterMs = options.joinsAfterMs?.[name] ?? 0;
    void clock.sleep(joinsAfterMs, signal).then(machine.run, () => {});
    return machine;
  });
  await time.pass(2000);
  for (const workload of options.workloads ?? []) await createWorkload({ api: admin, signal }, workload);
  if (options.heldBudget !== undefined) void runBudgetHolder(portsFor("operators"), options.heldBudget);
  if (options.nodeAgents !== undefined) void runNodeAgents(portsFor("agents"), options.nodeAgents);
  await time.pass(3000);

  world = {
    time,
    server,
    admin,
    signal,
    machines,
    events,
    logs,
    onDaemonRequest: () => {},
    onMachineEvent: () => {},
    machine: (name) => machines.find((machine) => machine.name === name) ?? fail(`no machine ${name}`),
    clockOf: (name) => clocks.get(name) ?? fail(`no machine ${name}`),
    setAway(reason, isAway) {
      if (isAway) awayBecause.add(reason);
      else awayBecause.delete(reason);
      if (server.away !== awayBecause.size > 0) server.setAway(awayBecause.size > 0);
    },
    runSecondDaemon(name, told) {
      const machine = world?.machine(name) ?? fail("the world has not begun");
      const start = daemonStarters.get(name) ?? fail(`no machine ${name}`);
      return machine.runBeside(() => start(machine, told));
    },
    runBeside(name, user, start) {
      const own = clocks.get(name) ?? fail(`no machine ${name}`);
      const transport = server.transport(server.addUser({ name: user, groups: ["system:masters"] }));
      const api = createClient({ transport: pausedWith(own, transport), clock: own });
      return (world?.machine(name) ?? fail(`no machine ${name}`)).runBeside(() => start(api, own));
    },
    async restartDaemons(changed, names) {
      for (const name of names) world?.restartDaemon(name, changed);
      await time.pass(1000);
    },
    restartDaemon(name, changed) {
      optionsOf.set(name, changed);
      world?.machine(name).crashDaemon();
    },
    async look() {
      const nodes = await admin.get<{ items: WholeNode[] }>("/api/v1/nodes", { signal });
      const lease = await admin.get<Lease>(lockPath, { signal });
      const phases: Snapshot["phases"] = {};
      for (const { metadata } of nodes.items) {
        phases[metadata?.name ?? ""] =
          parseRecord(metadata?.annotations?.[contract.cycle.key]).record?.phase ?? "Idle";
      }
      const cordoned = nodes.items
        .filter(({ spec }) => spec?.unschedulable)
        .map(({ metadata }) => metadata?.name ?? "");
      return { phases, cordoned, lock: lease.metadata?.annotations?.["rebootd.dev/lock"] };
    },
    async stop() {
      stop.abort(new Error("the world has ended"));
      await time.pass(0);
    },
  };
  return world;
}

/** What the README has an operator add to the policy for these options. */
function admittedFor(options: RawOptions = {}): Admitted {
  const keys = (...names: OptionName[]) =>
    names
      .flatMap((name) => options[name] ?? [])
      .flatMap((text) => text.split(","))
      .map((text) => text.split("=")[0] ?? "");
  return {
    nodeLabels: keys("pre-reboot-node-labels", "post-reboot-node-labels"),
    nodeAnnotations: keys("before-reboot-hooks", "after-reboot-hooks"),
    leaseAnnotations: keys("lock-annotation"),
  };
}

function fail(message: string): never {
  throw new Error(message);
}
