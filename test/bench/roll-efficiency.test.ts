import assert from "node:assert/strict";
import { rollEfficiency } from "./roll-efficiency.ts";

describe("The efficiency of a roll", () => {
  it("is 1 where each slot goes from hand to hand at once, and less by each pause", () => {
    const first = { cordonedAt: 100, uncordonedAt: 120 };
    assert.equal(rollEfficiency([first, { cordonedAt: 120, uncordonedAt: 140 }], 1, 100), 1);
    assert.equal(rollEfficiency([first, { cordonedAt: 130, uncordonedAt: 150 }], 1, 100), 0.8);
    assert.equal(rollEfficiency([first, first], 2, 95), 0.8);
  });
});
