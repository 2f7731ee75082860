/** P7, prompt and quiet, for a crowd: how soon the next node starts, and how many requests that costs. */
import assert from "node:assert/strict";
import { figureLine } from "../bench/figures.ts";
import { benchCrowd } from "../bench/lock-crowd.ts";

describe("A crowd of nodes that wait", () => {
  for (const concurrency of [1, 3]) {
    it(`keeps to its budgets with ${concurrency} at a time`, async () => {
      const figures = await benchCrowd({ nodes: 200, concurrency, handOvers: 20, seed: 7 });
      assert.deepEqual(figures.filter(({ ok }) => !ok).map(figureLine), []);
    });
  }
});
