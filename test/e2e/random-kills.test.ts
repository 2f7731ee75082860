import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { systemClock } from "../../daemon/time/clock.ts";
import { startSuite } from "../kubernetes/suite.ts";
import { seeded } from "../simulation/seeded.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { type HostNode, startWorld, type World } from "../world/world.ts";
import { readLog } from "./daemon-process.ts";

/** Gives the same nodes and moments again; what a daemon is doing at such a moment also depends on the machine. */
const seed = Number(process.env["REBOOTD_SEED"] ?? randomInt(2 ** 32));
const random = seeded(seed);

const killsWanted = 20;
const concurrency = 2;
const killApartMs = { least: 50, most: 900 };
const endMs = 90_000;

/** Makes each step of a cycle last for a moment, and leaves as much behind as can be left. */
const options = [
  "--pre-reboot-node-labels=rebooting=soon",
  "--prefer-no-schedule-taint=example.com/rebooting",
  "--reboot-timeout=3s",
  "--reboot-attempts=5",
  "--lock-release-delay=300ms",
];

let world: World;
/** Nodes whose daemon runs. */
const running = new Set<string>();
/** How many reboots each node has asked for. */
const wished: Record<string, number> = {};
const kills: string[] = [];

function wishReboot(node: HostNode): void {
  wished[node.name] = (wished[node.name] ?? 0) + 1;
  node.wantsReboot();
}

async function killOne(): Promise<void> {
  const names = [...running].sort();
  const name = names[Math.floor(random() * names.length)];
  if (name === undefined) return;
  const node = world.node(name);
  node.crashDaemon();
  running.delete(name);
  kills.push(`${new Date().toISOString()} ${name} (${(await node.record())?.phase ?? "Idle"})`);
}

/** What is left of a node's cycles. */
async function stateOf({ name, machine, object, record }: HostNode) {
  const { spec, metadata } = await object();
  return {
    name,
    phase: (await record())?.phase,
    reboots: machine.boots.length - 1,
    isCordoned: spec?.unschedulable === true,
    taints: spec?.taints ?? [],
    label: metadata.labels?.["rebooting"],
  };
}

const endOf = ({ name }: HostNode) => ({
  name,
  phase: "Idle",
  reboots: wished[name],
  isCordoned: false,
  taints: [],
  label: undefined,
});

async function hasEnded(node: HostNode): Promise<boolean> {
  // Costs nothing: a busy test would take from the daemons what they need to start.
  if (node.machine.boots.length - 1 !== wished[node.name]) return false;
  return JSON.stringify(await stateOf(node)) === JSON.stringify(endOf(node));
}

async function haveAllEnded(): Promise<boolean> {
  for (const node of world.nodes) if (!(await hasEnded(node))) return false;
  return true;
}

describe(`A roll whose daemons are killed at random moments (REBOOTD_SEED=${seed})`, () => {
  before(async () => {
    const suite = await startSuite(systemClock);
    await installRights(suite.server, { nodeLabels: ["rebooting"] });
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes: 5,
      concurrency,
      workloads: [{ name: "web", replicas: 10, budget: { maxUnavailable: 3 } }],
      startDaemon: (place) => startRebootd(place, options),
      onMachineEvent: ({ type, machine }) => {
        if (type === "daemon-started") running.add(machine);
        if (type === "daemon-ended") running.delete(machine);
      },
    });
    // A machine that is asked takes a moment to go down, in which its daemon may be killed, and be started again.
    for (const { machine } of world.nodes) machine.behaviour.shutdownMs = 700;
    // Starts take longest at the beginning, and kills are better spent on the roll.
    for (const { name, logFile } of world.nodes) {
      await world.until(`the daemon of ${name} has started`, async () => {
        return (await readLog(logFile)).some(({ message }) => message === "rebootd started");
      });
    }
    world.nodes.forEach(wishReboot);
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed") console.log(`    ${kills.join("\n    ")}`);
  });
  after(() => world.stop());

  it("goes on until they have been killed 20 times", async () => {
    while (kills.length < killsWanted) {
      const { least, most } = killApartMs;
      await systemClock.sleep(least + random() * (most - least), world.signal);
      await killOne();
      // A roll takes longer than 20 kills, as a rule.
      if (await haveAllEnded()) world.nodes.forEach(wishReboot);
    }
  });

  it("ends on each node with as many reboots as were needed, and with the node as it was found", async () => {
    await world.until("the end of all cycles", haveAllEnded, endMs).catch(() => {});
    assert.deepEqual(await Promise.all(world.nodes.map(stateOf)), world.nodes.map(endOf));
  }).timeout(endMs + 10_000);

  it("keeps every promise on the way", async () => {
    const report = await world.report({ expectedReboots: wished });
    assert.deepEqual(report.violations, []);
    assert.equal(report.lockAtEnd, null);
    assert.ok(report.maxUnavailable <= concurrency, `${report.maxUnavailable} nodes were unavailable`);
  });
});
