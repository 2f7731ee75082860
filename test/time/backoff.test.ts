import assert from "node:assert/strict";
import { backoffMs } from "../../daemon/time/backoff.ts";

describe("The pause before a retry", () => {
  const limits = { firstMs: 1000, maxMs: 30_000 };

  it("doubles up to the maximum", () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 1000].map((attempt) => backoffMs(attempt, limits, () => 0));
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("is shortened at random by at most a half", () => {
    assert.equal(
      backoffMs(1, limits, () => 1),
      500,
    );
  });
});
