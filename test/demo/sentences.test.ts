import assert from "node:assert/strict";
import type { Fact } from "../world/fact.ts";
import { createTeller } from "./sentences.ts";

function nodeFact(phase: string, ...reasons: string[]): Fact {
  const state = {
    isReady: true,
    isCordoned: false,
    isCordonOurs: false,
    bootID: "b",
    taints: [],
    labels: {},
  };
  return { kind: "node", at: 0, version: 1, name: "n1", phase, reasons, ...state };
}

const down = (cause: "command" | "power"): Fact => {
  return { kind: "down", at: 0, version: 1, name: "n1", bootID: "b", cause };
};

describe("The news of the demo", () => {
  it("are a sentence for each step of a cycle", () => {
    const tell = createTeller();
    const facts = [
      nodeFact("Idle"),
      nodeFact("Waiting", "all slots are taken (1 of 1)"),
      nodeFact("Draining"),
      nodeFact("Draining"),
      nodeFact("Rebooting"),
      down("command"),
      nodeFact("Returning"),
      nodeFact("Settling"),
      nodeFact("Idle"),
    ];
    assert.deepEqual(
      facts.map(tell).filter((text) => text !== undefined),
      [
        "n1 waits: all slots are taken (1 of 1)",
        "n1 has a slot and is cordoned; its pods move to other nodes",
        "n1 is drained, and asks its machine for the reboot",
        "n1 goes down",
        "n1 is back, and proves its reboot with a new boot ID",
        "n1 is uncordoned; its slot waits a moment for the pods",
        "n1 is done: it takes pods, and its slot is free",
      ],
    );
  });

  it("tell what went wrong", () => {
    const tell = createTeller();
    assert.equal(tell(down("power")), "n1 has lost its power");
    assert.equal(tell(nodeFact("Failed", "the drain timed out")), "n1 has failed: the drain timed out");
    assert.equal(tell(nodeFact("Restoring")), "n1 gives up this attempt, and is restored");
  });
});
