import assert from "node:assert/strict";
import { differences, draw, play } from "./forecast-story.ts";

/** One test for each seed: the daemons do what was foreseen, each node within a minute or one drain. */
export function checkSeeds(first: number, count: number): void {
  for (let seed = first; seed < first + count; seed += 1) {
    const drawn = draw(seed);
    const { nodes, options } = drawn;
    it(`seed ${seed}: ${nodes.length} nodes, ${JSON.stringify(options)}`, async () => {
      const played = await play(drawn);
      assert.deepEqual(differences(drawn, played), []);
    });
  }
}
