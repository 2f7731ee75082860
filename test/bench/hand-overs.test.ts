import assert from "node:assert/strict";
import { handOverMs } from "./hand-overs.ts";

describe("Hand-overs", () => {
  it("of one slot last from each release to the next cordon", () => {
    assert.deepEqual(handOverMs({ cordonedAt: [0, 105, 220], releasedAt: [100, 200, 300] }, 1), [5, 20]);
  });

  it("of two slots pair each release with the cordon that takes its slot", () => {
    const turns = { cordonedAt: [0, 1, 112, 113], releasedAt: [110, 100, 200, 201] };
    assert.deepEqual(handOverMs(turns, 2), [12, 3]);
  });
});
