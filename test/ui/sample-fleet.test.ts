import assert from "node:assert/strict";
import { largeFleet } from "./sample-fleet.ts";

describe("A large fleet for tests", () => {
  it("has as many nodes as wanted, sorted, in every phase of a cycle, the same each time", () => {
    const { nodes, slots } = largeFleet(5000);
    assert.equal(nodes.length, 5000);
    assert.equal(slots.held, nodes.filter(({ holdsSlot }) => holdsSlot).length);
    assert.deepEqual([...new Set(nodes.map(({ phase }) => phase))].sort(), [
      "Draining",
      "Failed",
      "Idle",
      "Rebooting",
      "Restoring",
      "Returning",
      "Settling",
      "Waiting",
    ]);
    assert.deepEqual(
      nodes.map(({ name }) => name),
      nodes.map(({ name }) => name).sort(),
    );
    assert.deepEqual(largeFleet(5000), largeFleet(5000));
  });
});
