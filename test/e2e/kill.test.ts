import assert from "node:assert/strict";
import type { Phase } from "../../daemon/cycle/record.ts";
import type { HostNode } from "../world/world.ts";
import { readLog } from "./daemon-process.ts";
import {
  addGuardedPod,
  forEachHeldPhase,
  type HeldPhases,
  optionsOf,
  startHeldPhases,
} from "./held-phases.ts";

let held: HeldPhases;
/** Its daemon is killed in each phase of one cycle. */
let node: HostNode;
let kills = 0;
let letPodGo = async () => {};

async function killIn(phase: Phase): Promise<void> {
  await held.becomes(node, phase);
  node.crashDaemon();
  kills += 1;
  await held.world.until(`a daemon follows the one that was killed while ${phase}`, async () => {
    const { boots } = node.machine;
    return (await startsOf(node)) === kills + boots.length;
  });
}

async function startsOf({ logFile }: HostNode): Promise<number> {
  return (await readLog(logFile)).filter(({ message }) => message === "rebootd started").length;
}

const afterwards = ["Restoring", "Failed"] as const;
const sentences = {
  Restoring: "while its node is Restoring gives the slot back all the same",
  Failed: "after its node has Failed leaves the slot to others",
};

describe("A daemon that is killed", () => {
  before(async () => {
    held = await startHeldPhases({
      workloads: [{ name: "web", replicas: 8, budget: { maxUnavailable: 2 } }],
      heldPhases: afterwards,
      others: { killed: () => Object.values({ ...optionsOf, Restoring: [], Failed: [] }).flat() },
    });
    node = held.world.node("killed");
  });
  after(() => held.world.stop());

  it("while its node is Idle serves the need that comes later", async () => {
    await killIn("Idle");
    await held.world.setLock('{"nodeID":"manual"}');
    letPodGo = await addGuardedPod(held.world, node);
    node.machine.behaviour.goesDown = false;
    node.wantsReboot();
  });

  it("while its node is Waiting goes on waiting, and takes its turn", async () => {
    await killIn("Waiting");
    await held.world.setLock(null);
  });

  it("while its node is Draining goes on with the drain", async () => {
    await killIn("Draining");
    await letPodGo();
  });

  it("while its node is Rebooting asks the machine again when it stays up", async () => {
    await held.world.until("the machine has ignored the request", () => held.hasIgnored(node));
    await killIn("Rebooting");
    node.machine.behaviour.goesDown = true;
  });

  it("while its node is Returning goes on until it is back in service", () => killIn("Returning"));

  it("while its node is Settling ends the cycle as if nothing had been", async () => {
    await killIn("Settling");
    await held.expectEnd(node, kills);
  });

  forEachHeldPhase(afterwards, "a kill", (phase) => {
    it(sentences[phase], async () => {
      const other = held.node(phase);
      const letGo = await held.reach(phase);
      other.crashDaemon();
      await letGo();
      await held.expectEnd(other);
    });
  });

  it("never takes a second node down, nor a pod with it", async () => {
    const { maxUnavailable, violations } = await held.world.report({ isOver: false });
    assert.equal(maxUnavailable, 1);
    assert.deepEqual(violations, []);
  });
});
