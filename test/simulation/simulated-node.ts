import type { Api } from "../../daemon/cluster/api.ts";
import { doWithout } from "../../daemon/cluster/do-without.ts";
import type { ApiRequest, Transport } from "../../daemon/cluster/transport.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import type { Host } from "../../daemon/host/host.ts";
import type { HttpSend } from "../../daemon/http/send.ts";
import { inheritKured } from "../../daemon/kured/inherit.ts";
import type { HttpPost } from "../../daemon/prometheus/server.ts";
import type { Metrics } from "../../daemon/report/metrics.ts";
import type { User } from "../kubernetes/api/server.ts";
import { type KubeletOptions, kubeletDefaults, runKubelet } from "../kubernetes/machines/kubelet.ts";
import { createMachine, type Machine, type MachineEvent } from "../kubernetes/machines/machine.ts";
import { randomUuid } from "../kubernetes/machines/power.ts";
import { memoryStorage } from "../kubernetes/machines/storage.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { kuredUser } from "../world/kured-rights.ts";
import { daemonUserOn } from "../world/manifests.ts";
import { createMachineClock, type MachineClock } from "./machine-clock.ts";
import { pausedWith } from "./paused-transport.ts";
import { noCount, startSimulatedDaemon } from "./simulated-daemon.ts";
import type { VirtualServer } from "./virtual-server.ts";

export interface SimulatedNodeOptions {
  /** For every daemon. */
  options?: RawOptions;
  /** Prometheus and Alertmanager, for the daemons of all machines, or of each. */
  post?: HttpPost | { of: (node: string) => HttpPost };
  /** Takes the messages of all daemons. */
  receive?: HttpSend;
  /** For the daemons of all machines, or of each; without it the machines have none. */
  logind?: Host["logind"] | ((machine: Machine) => Host["logind"]);
  /** Stands between a node's daemon and the server. Each daemon is then a user of its own, `rebootd:NODE`, with all rights. */
  between?: (node: string, transport: Transport) => Transport;
  /** Starts a daemon of another kind in the place of a node's rebootd; undefined leaves that there. */
  instead?: (node: string) => ((place: OtherDaemon) => DaemonHandle) | undefined;
  /** The daemons look for other reboot managers minutes after their start. */
  looksForOthers?: boolean;
  /** Daemons in kured's place, with its ServiceAccount. */
  rights?: "everything" | "kured";
  kubelet?: Partial<KubeletOptions>;
  /** How many of the nodes, from the first on, are of the control plane: labelled so, with these static pods. */
  controlPlane?: { members: number; staticPods: readonly string[] };
  /** How far the clock of a machine is off at first: what its kubelet and its daemon take for now. */
  skewMs?: Record<string, number>;
}

/** Where a daemon of another kind runs; to the server it is a user with all rights. */
export interface OtherDaemon {
  machine: Machine;
  clock: MachineClock;
  api: Api;
}

/** Called as it happens; for tests to set. */
export interface Hooks {
  /** Told of each request of a daemon before it is sent. */
  onDaemonRequest: (node: string, request: ApiRequest) => void;
  /** Told of each event of a machine. */
  onMachineEvent: (event: MachineEvent) => void;
  /** Told what a daemon announces on its machine before it asks for the reboot. */
  onAnnouncement: (node: string, text: string) => void;
}

/** A machine in memory, with its kubelet and its daemon. */
export interface SimulatedNode {
  readonly machine: Machine;
  /** The clock that the processes of the machine have. */
  readonly clock: MachineClock;
  /** Starts one more daemon at once. */
  startDaemon(options: RawOptions): DaemonHandle;
  /** Starts the machine's own daemon anew, with other options from now on. */
  restartDaemon(options: RawOptions): void;
}

interface Around extends VirtualServer {
  readonly events: MachineEvent[];
  readonly logs: string[];
  readonly metrics: Metrics[];
  readonly hooks: Hooks;
}

/** The user that a node's daemon is, where each is one of its own. */
export function daemonOf(node: string): User {
  return { name: `rebootd:${node}`, groups: [] };
}

/** Less often than on a real node: heartbeats are half of all requests of a story, and say nothing in it. */
const seldom = { heartbeatMs: 20_000, statusEvery: 3 };

const controlPlaneLabel = { "node-role.kubernetes.io/control-plane": "" };

function postOf(name: string, post: SimulatedNodeOptions["post"]): HttpPost {
  if (post === undefined) return async () => ({ status: 503, text: "" });
  return "of" in post ? post.of(name) : post;
}

/** A machine whose processes alone are started anew has the kernel, and the boot ID, of before. */
function kernelStartedAt({ boots }: Machine): number {
  const current = boots.at(-1)?.bootID;
  return boots.find(({ bootID }) => bootID === current)?.bootedAt ?? 0;
}

/** The machine is off; its `run` powers it on. */
export function createSimulatedNode(
  number: number,
  options: SimulatedNodeOptions,
  { time, server, random, signal, portsFor, events, logs, metrics, hooks }: Around,
): SimulatedNode {
  const name = `n${number}`;
  const storage = memoryStorage();
  const clock = createMachineClock(time.clock, options.skewMs?.[name]);
  const { members = 0, staticPods = [] } = options.controlPlane ?? {};
  const isMember = number <= members;
  const machineID = randomUuid(random);
  const transport = pausedWith(
    clock,
    options.between?.(name, server.transport(server.addUser(daemonOf(name)))) ??
      server.transport(server.addUser(options.rights === "kured" ? kuredUser : daemonUserOn(name))),
  );
  let daemonOptions = options.options ?? {};
  const uptimeSeconds = () => (clock.wall() - (machine.boots.at(-1)?.bootedAt ?? 0)) / 1000;
  let bootedAt = 0;
  const readUserspace: Host["readUserspace"] = async (inner) => {
    if (!machine.behaviour.countsSoftReboots) return await noCount(inner);
    return { softReboots: machine.boots.at(-1)?.softReboots ?? 0, ageMs: clock.elapsed() - bootedAt };
  };
  const startDaemon = (raw: RawOptions) =>
    startSimulatedDaemon({
      options: { "node-id": name, ...raw },
      storage,
      looksForOthers: options.looksForOthers ?? false,
      readUserspace,
      hasLoadedKernel: () => machine.behaviour.hasLoadedKernel,
      uptimeSeconds: () => (time.clock.wall() - kernelStartedAt(machine)) / 1000,
      ...(options.logind && {
        logind: typeof options.logind === "function" ? options.logind(machine) : options.logind,
      }),
      surroundings: {
        transport: (request) => {
          hooks.onDaemonRequest(name, request);
          return transport(request);
        },
        clock,
        random,
        post: postOf(name, options.post),
        ...(options.rights === "kured" && {
          doWithout,
          inheritKured: (ports, stop) => inheritKured({ ...ports, uptimeSeconds }, stop),
        }),
      },
      ...(options.receive && { receive: options.receive }),
      onLog: (line) => logs.push(line),
      onMetrics: (one) => metrics.push(one),
      onAnnouncement: (text) => hooks.onAnnouncement(name, text),
    });
  const startOther = options.instead?.(name);
  const other = () => ({ clock, api: portsFor(`other:${name}`, signal, clock).api });
  const machine: Machine = createMachine({
    name,
    storage,
    // Moments are the world's, and waits the machine's.
    clock: { ...time.clock, sleep: clock.sleep },
    random,
    signal,
    rebootSeconds: 10,
    runKubelet: (bootID, power, onRegistered) =>
      runKubelet(
        portsFor(`kubelet:${name}`, power, clock),
        { name, number, machineID, bootID, ...(isMember && { labels: controlPlaneLabel }) },
        { ...kubeletDefaults, ...seldom, ...options.kubelet, ...(isMember && { staticPods }) },
        onRegistered,
      ),
    startDaemon: () => startOther?.({ ...other(), machine }) ?? startDaemon(daemonOptions),
    onEvent: (event) => {
      if (event.type === "booted") bootedAt = clock.elapsed();
      events.push(event);
      hooks.onMachineEvent(event);
    },
  });
  const restartDaemon = (changed: RawOptions) => {
    daemonOptions = changed;
    machine.crashDaemon();
  };
  return { machine, clock, startDaemon, restartDaemon };
}
