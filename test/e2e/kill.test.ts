import assert from "node:assert/strict";
import { systemClock } from "../../daemon/clock.ts";
import type { Phase } from "../../daemon/cycle/record.ts";
import { startRebootd } from "../cluster/machines/rebootd.ts";
import { daemonUser, installRights } from "../cluster/manifests.ts";
import { onSimulatedServer, type Suite, startSuite } from "../cluster/suite.ts";
import { startWorld, type World } from "../cluster/world.ts";
import { readLog } from "./daemon-process.ts";

/** How each phase is made to last long enough to be hit. One node a phase, called after it. */
const options: Record<string, readonly string[]> = {
  idle: [],
  waiting: [],
  draining: ["--reboot-delay=1500ms"],
  rebooting: ["--reboot-timeout=3s"],
  returning: ["--ready-settle=1500ms"],
  settling: ["--lock-release-delay=1500ms"],
  restoring: ["--reboot-command=/no/such/command"],
  failed: ["--reboot-command=/no/such/command"],
};

let suite: Suite;
let world: World;

/** What is left of a cycle: where the node ended, and what others see of it. */
async function stateOf(name: string) {
  const node = world.node(name);
  const { spec } = await node.object();
  return {
    phase: (await node.record())?.phase ?? "Idle",
    cordoned: spec?.unschedulable === true,
    taints: (spec?.taints ?? []).length,
    lock: await world.lock(),
    boots: node.machine.boots.length,
  };
}

const rebooted = { phase: "Idle", cordoned: false, taints: 0, lock: undefined, boots: 2 };
const failed = { phase: "Failed", cordoned: false, taints: 0, lock: undefined, boots: 1 };

async function killIn(phase: Phase): Promise<void> {
  const node = world.node(phase.toLowerCase());
  await world.eventually(
    `${node.name} is ${phase}`,
    async () => ((await node.record())?.phase ?? "Idle") === phase,
  );
  node.crashDaemon();
}

async function expectEnd(name: string, end: typeof rebooted | typeof failed): Promise<void> {
  let state: unknown;
  await world
    .eventually(`the end of the cycle of ${name}`, async () => {
      state = await stateOf(name);
      return JSON.stringify(state) === JSON.stringify(end);
    })
    .catch(() => {});
  assert.deepEqual(state, end);
}

describe("A daemon that is killed", () => {
  before(async () => {
    suite = await startSuite(systemClock);
    await installRights(suite.server);
    world = await startWorld({
      ...suite,
      daemonUser: () => daemonUser,
      nodes: Object.keys(options),
      workloads: [{ name: "web", replicas: 8, budget: { maxUnavailable: 2 } }],
      startDaemon: (place) => startRebootd(place, options[place.name]),
    });
  });
  after(async () => {
    await world.stop();
  });

  it("while its node is Idle serves the need that comes later", async () => {
    await killIn("Idle");
    world.node("idle").wantsReboot();
    await expectEnd("idle", rebooted);
  });

  it("while its node is Waiting goes on waiting, and takes its turn", async () => {
    await world.setLock('{"nodeID":"manual"}');
    world.node("waiting").wantsReboot();
    await killIn("Waiting");
    await world.setLock(null);
    await expectEnd("waiting", rebooted);
  });

  for (const phase of ["Draining", "Returning", "Settling"] as const) {
    it(`while its node is ${phase} ends the cycle as if nothing had been`, async () => {
      world.node(phase.toLowerCase()).wantsReboot();
      await killIn(phase);
      await expectEnd(phase.toLowerCase(), rebooted);
    });
  }

  it("while its node is Rebooting asks the machine again when it stays up", async () => {
    const { machine } = world.node("rebooting");
    machine.behaviour.goesDown = false;
    machine.wantReboot();
    await killIn("Rebooting");
    machine.behaviour.goesDown = true;
    await expectEnd("rebooting", rebooted);
  });

  onSimulatedServer("a kill while Restoring", "holds that phase by faults", () => {
    it("while its node is Restoring gives the slot back all the same", async () => {
      world.node("restoring").wantsReboot();
      await world.eventually("the slot is taken", async () => (await world.lock()) !== undefined);
      const held = suite.simulated?.faults.add({
        match: { verb: "patch", resource: "leases", where: ({ user }) => user === daemonUser.name },
        effect: { status: 500 },
      });
      await killIn("Restoring");
      held?.remove();
      await expectEnd("restoring", failed);
    });
  });

  it("after its node has Failed leaves the slot to others", async () => {
    world.node("failed").wantsReboot();
    await killIn("Failed");
    const { logFile } = world.node("failed");
    await world.eventually("the daemon was started again", async () => {
      const lines = await readLog(logFile);
      return (
        lines.filter(({ message }) => message === "rebootd started").length === 2 &&
        lines.at(-1)?.phase === "Failed"
      );
    });
    await expectEnd("failed", failed);
  });

  it("never takes a second node down, nor a pod with it", async () => {
    const { maxUnavailable, violations } = await world.report({ isOver: false });
    assert.equal(maxUnavailable, 1);
    assert.deepEqual(violations, []);
  });
});
