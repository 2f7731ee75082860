import assert from "node:assert/strict";
import { type Phase, phases } from "../../daemon/cycle/record.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { onSimulatedServer, type Suite, startSuite } from "../kubernetes/suite.ts";
import { recordOn } from "../simulation/stored.ts";
import { daemonUser, daemonUserOn, installRights } from "../world/manifests.ts";
import { type DaemonPlace, startRebootd } from "../world/rebootd.ts";
import { type HostNode, startWorld, type World, type WorldOptions } from "../world/world.ts";
import { type LogLine, readLog } from "./daemon-process.ts";

/**
 * A world in which each phase can be made to last long enough to be hit: one node a phase, called after it. Phases that
 * are over after some time last long enough for a busy machine too.
 */
export interface HeldPhases {
  suite: Suite;
  world: World;
  node(phase: Phase): HostNode;
  /** Brings its node into the phase; resolves with what ends the phase, where time does not. */
  reach(phase: Phase): Promise<() => Promise<void>>;
  /** The node is in the phase, and its daemon has said so. */
  becomes(node: HostNode, phase: Phase): Promise<void>;
  /** The machine was asked to reboot, and did not. */
  hasIgnored(node: HostNode): boolean;
  /** Its daemon has written such a line. */
  hasSaid(node: HostNode, what: string, is: (line: LogLine) => boolean): Promise<void>;
  /** So many daemons have followed those that were hit, and the cycle has ended as if nothing had been. */
  expectEnd(node: HostNode, hits?: number): Promise<void>;
}

export interface HeldPhasesOptions extends Partial<Pick<WorldOptions, "concurrency" | "workloads">> {
  /** More nodes, by their names, with the options of their daemons. */
  others?: Record<string, (place: DaemonPlace) => readonly string[]>;
  /** Those that have a node; all of them without it. */
  heldPhases?: readonly Phase[];
}

/** Calls `define` for each of these phases that can be made to last on the server of this suite. */
export function forEachHeldPhase<P extends Phase>(
  which: readonly P[],
  what: string,
  define: (phase: P) => void,
): void {
  for (const phase of which) {
    if (phase !== "Restoring") define(phase);
    else onSimulatedServer(`${what} while ${phase}`, "holds that phase by faults", () => define(phase));
  }
}

/** Options of a daemon with which the phase can last. */
export const optionsOf: Record<Phase, readonly string[]> = {
  Idle: [],
  Waiting: [],
  // The budget that holds it is there before it begins.
  Draining: ["--preflight=off"],
  Rebooting: ["--reboot-timeout=3s"],
  Returning: ["--ready-settle=6s"],
  Settling: ["--lock-release-delay=6s"],
  // It says that it has asked, and gives up a moment later: time enough to arm the fault that holds the phase after it.
  Restoring: ["--reboot-command=/bin/true", "--reboot-attempts=1", "--reboot-timeout=2s"],
  Failed: ["--reboot-command=/bin/false", "--reboot-attempts=1", "--reboot-timeout=1s"],
};

const left = { cordoned: false, taints: 0, holdsSlot: false };
/** The first daemon, the successors of those that were hit, and the one of the next boot where there is one. */
const rebooted = (hits: number) => ({ daemons: hits + 2, said: "Idle", phase: "Idle", ...left, boots: 2 });
const failed = (hits: number) => ({ daemons: hits + 1, said: "Failed", phase: "Failed", ...left, boots: 1 });

export async function startHeldPhases(options: HeldPhasesOptions): Promise<HeldPhases> {
  const { others = {}, heldPhases = phases, ...rest } = options;
  const suite = await startSuite(systemClock);
  await installRights(suite.server);
  const optionsFor: NonNullable<HeldPhasesOptions["others"]> = { ...others };
  for (const phase of heldPhases) optionsFor[phase.toLowerCase()] = () => optionsOf[phase];
  const ignored = new Set<string>();
  const world = await startWorld({
    ...suite,
    ...rest,
    daemonUser: daemonUserOn,
    nodes: Object.keys(optionsFor),
    startDaemon: (place) => startRebootd(place, optionsFor[place.name]?.(place)),
    onMachineEvent: ({ type, machine }) => {
      if (type === "reboot-ignored") ignored.add(machine);
    },
  });
  const stage: Stage = { suite, world, hasIgnored: ({ name }) => ignored.has(name) };
  const nodeOf = (phase: Phase) => world.node(phase.toLowerCase());
  return {
    suite,
    world,
    node: nodeOf,
    async reach(phase) {
      const node = nodeOf(phase);
      const letGo = await begin(stage, phase, node);
      await becomes(world, node, phase);
      return letGo;
    },
    becomes: (node, phase) => becomes(world, node, phase),
    hasIgnored: stage.hasIgnored,
    hasSaid: (node, what, is) => hasSaid(world, node, what, is),
    async expectEnd(node, hits = 1) {
      const end = [nodeOf("Restoring"), nodeOf("Failed")].includes(node) ? failed(hits) : rebooted(hits);
      await world.until(`the end of ${node.name}`, () => hasEnded(world, node, end)).catch(() => {});
      assert.deepEqual(await stateOf(world, node), end);
    },
  };
}

/** Where phases are held. */
interface Stage {
  suite: Suite;
  world: World;
  /** The machine was asked to reboot, and did not. */
  hasIgnored(node: HostNode): boolean;
}

const nothing = async () => {};

/** Begins a cycle that stays in the phase, or comes by it and stays a while. */
async function begin(stage: Stage, phase: Phase, node: HostNode): Promise<() => Promise<void>> {
  const { world, hasIgnored } = stage;
  switch (phase) {
    case "Idle":
      return async () => node.wantsReboot();
    case "Waiting":
      await world.setLock('{"nodeID":"manual"}');
      node.wantsReboot();
      return () => world.setLock(null);
    case "Draining": {
      const letGo = await addGuardedPod(world, node);
      node.wantsReboot();
      const isRefused = ({ message }: LogLine) => message === "eviction refused";
      await hasSaid(world, node, "that a budget holds a pod", isRefused);
      return letGo;
    }
    case "Rebooting":
      node.machine.behaviour.goesDown = false;
      node.wantsReboot();
      await world.until(`${node.name} has ignored the request`, () => hasIgnored(node));
      return async () => {
        node.machine.behaviour.goesDown = true;
      };
    case "Restoring":
      node.wantsReboot();
      await becomes(world, node, "Rebooting");
      return holdRestoring(stage, node);
    case "Returning":
    case "Settling":
    case "Failed":
      node.wantsReboot();
      return nothing;
    default:
      return phase satisfies never;
  }
}

/** It gives its slot back, and cannot say that it is through. */
function holdRestoring({ suite: { simulated } }: Stage, { name }: HostNode): () => Promise<void> {
  if (simulated === undefined) return nothing;
  const isRestoring = () => recordOn({ server: simulated }, name)?.phase === "Restoring";
  const fault = simulated.faults.add({
    match: {
      verb: "patch",
      resource: "nodes",
      name,
      where: ({ user }) => user === daemonUser.name && isRestoring(),
    },
    effect: { status: 500 },
  });
  return async () => fault.remove();
}

/** A budget holds a pod on the node; resolves with what lets it go. */
export async function addGuardedPod(
  { api, signal }: World,
  { name }: HostNode,
): Promise<() => Promise<void>> {
  const labels = { app: "guarded" };
  const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  const spec = { minAvailable: 1, selector: { matchLabels: labels } };
  await api.create(budgets, { metadata: { name: "guard" }, spec }, { signal });
  const pod = {
    metadata: { name: "guarded", labels },
    spec: { nodeName: name, containers: [{ name: "main", image: "app:1" }] },
  };
  await api.create("/api/v1/namespaces/default/pods", pod, { signal });
  return async () => void (await api.delete(`${budgets}/guard`, {}, { signal }));
}

function hasSaid(
  { until }: World,
  { name, logFile }: HostNode,
  what: string,
  is: (line: LogLine) => boolean,
): Promise<void> {
  return until(`${name} says ${what}`, async () => (await readLog(logFile)).some(is));
}

async function becomes(world: World, node: HostNode, phase: Phase): Promise<void> {
  await hasSaid(world, node, `that it is ${phase}`, (line) => line.phase === phase);
  await world.until(`${node.name} is ${phase}`, async () => (await phaseOf(node)) === phase);
}

const phaseOf = async (node: HostNode) => (await node.record())?.phase ?? "Idle";

async function heardOf({ logFile }: HostNode) {
  const log = await readLog(logFile);
  const daemons = log.filter(({ message }) => message === "rebootd started").length;
  return { daemons, said: log.at(-1)?.phase };
}

/** The remains of a cycle: to the daemons of the node, and to others. */
async function stateOf(world: World, node: HostNode) {
  const { spec } = await node.object();
  return {
    ...(await heardOf(node)),
    phase: await phaseOf(node),
    cordoned: spec?.unschedulable === true,
    taints: (spec?.taints ?? []).length,
    holdsSlot: (await world.lock())?.includes(JSON.stringify(node.name)) ?? false,
    boots: node.machine.boots.length,
  };
}

async function hasEnded(world: World, node: HostNode, end: ReturnType<typeof rebooted>): Promise<boolean> {
  // The log costs less: a busy test would take from the daemons what they need to start.
  const { daemons, said } = await heardOf(node);
  if (daemons < end.daemons || said !== end.said) return false;
  return JSON.stringify(await stateOf(world, node)) === JSON.stringify(end);
}
