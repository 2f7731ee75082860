import assert from "node:assert/strict";
import type { Phase } from "../../daemon/cycle/record.ts";
import { forEachHeldPhase, type HeldPhases, startHeldPhases } from "./held-phases.ts";

const sentences: Record<Phase, string> = {
  Idle: "while its node is Idle serves the need that comes later",
  Waiting: "while its node is Waiting goes on waiting, and takes its turn",
  Draining: "while its node is Draining ends the cycle as if nothing had been",
  Rebooting: "while its node is Rebooting asks the machine again when it stays up",
  Returning: "while its node is Returning ends the cycle as if nothing had been",
  Settling: "while its node is Settling ends the cycle as if nothing had been",
  Restoring: "while its node is Restoring gives the slot back all the same",
  Failed: "after its node has Failed leaves the slot to others",
};

let held: HeldPhases;

describe("A daemon that is killed", () => {
  before(async () => {
    held = await startHeldPhases({
      workloads: [{ name: "web", replicas: 8, budget: { maxUnavailable: 2 } }],
    });
  });
  after(() => held.world.stop());

  forEachHeldPhase("a kill", (phase) => {
    it(sentences[phase], async () => {
      const node = held.node(phase);
      const letGo = await held.reach(phase);
      node.crashDaemon();
      await letGo();
      await held.expectEnd(node);
    });
  });

  it("never takes a second node down, nor a pod with it", async () => {
    const { maxUnavailable, violations } = await held.world.report({ isOver: false });
    assert.equal(maxUnavailable, 1);
    assert.deepEqual(violations, []);
  });
});
