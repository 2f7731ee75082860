import assert from "node:assert/strict";
import { benches, countedBenches } from "./benches.ts";
import { figureLine } from "./figures.ts";
import { benchScale, scales } from "./scale.ts";

/** One of them of a crowd. */
const smallRolls = scales.filter(({ nodes, slots }) => nodes <= 100 || slots === 60);

describe("Within the budgets", () => {
  for (const name of countedBenches) {
    it(`are all figures of the bench ${name}`, async () => {
      for (const bench of benches[name] ?? []) {
        const over = (await bench()).filter(({ ok }) => !ok);
        assert.deepEqual(over.map(figureLine), []);
      }
    });
  }

  for (const roll of smallRolls) {
    it(`is a roll of ${roll.nodes} nodes, ${roll.slots} at a time`, async () => {
      const over = (await benchScale(roll)).filter(({ ok }) => !ok);
      assert.deepEqual(over.map(figureLine), []);
    });
  }
});
