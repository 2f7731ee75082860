/** The storms on trial: not part of `npm test`, as docs/develop/testing.md explains. */
import assert from "node:assert/strict";
import { drawScenario } from "./draw-scenario.ts";
import { mutants } from "./mutants.ts";
import { importPlanted } from "./plant.ts";
import { play } from "./play.ts";
import { playSeeds } from "./pool.ts";
import type { Limits } from "./scenario.ts";

const noLimits: Limits = {};

/** Seeds that were played without limits and broke no promise. */
const clean = new Set<number>();

describe("A planted bug is found by some seed", () => {
  for (const mutant of mutants) {
    const { name, seed, limits = noLimits } = mutant;
    it(name, async function () {
      this.timeout(600_000);
      const { play: playPlanted } = await importPlanted(mutant);
      const { violations } = await playPlanted(drawScenario(seed, limits), 1);
      let finder = violations.length > 0 ? seed : undefined;
      // Storms may have changed since.
      if (finder === undefined) {
        await playSeeds(
          { first: 1, count: 500, limits },
          ({ seed: played, broken }) => {
            if (broken.length > 0) finder ??= played;
            return finder !== undefined;
          },
          { mutant: name },
        );
      }
      assert.ok(finder !== undefined, "no seed has found it");
      if (limits !== noLimits || !clean.has(finder)) {
        const { violations } = await play(drawScenario(finder, limits));
        assert.deepEqual(violations, [], `seed ${finder} breaks a promise without it, too`);
        if (limits === noLimits) clean.add(finder);
      }
      // Else each run looks for it anew, which takes long.
      if (finder !== seed) console.log(`      seed ${seed} no longer finds it, ${finder} does: mutants.ts`);
    });
  }
});
