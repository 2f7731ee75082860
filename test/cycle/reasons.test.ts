import assert from "node:assert/strict";
import { rewordDelayMs } from "../../daemon/cycle/reasons.ts";

describe("Other words for the same reasons", () => {
  it("are written within a minute, and ever later where they keep changing", () => {
    const minutes = [1, 2, 3, 4, 5, 9].map((reportCount) => rewordDelayMs(reportCount) / 60_000);
    assert.deepEqual(minutes, [1, 2, 4, 8, 10, 10]);
  });
});
