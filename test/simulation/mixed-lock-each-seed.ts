import assert from "node:assert/strict";
import { draw, play } from "./mixed-lock-story.ts";

/** One test for each seed: the limits hold, and everybody gets a turn. */
export function checkSeeds(first: number, count: number): void {
  for (let seed = first; seed < first + count; seed += 1) {
    const drawn = draw(seed);
    const { concurrency, rights, troubles } = drawn;
    const mayDo = rights === "kured" ? "kured's rights" : "all rights";
    it(`seed ${seed}: ${concurrency} at a time, ${mayDo}, ${troubles.length} troubles`, async () => {
      const { problems, story } = await play(drawn);
      assert.deepEqual(problems, [], story.join("\n"));
    });
  }
}
