import assert from "node:assert/strict";
import * as fc from "fast-check";
import { follow, type Wishes, wishes } from "../gates/follow-window.ts";
import { clockChanges, day, tenYears, week, zones } from "../gates/window-model.ts";

const everyMinute = (weeks: fc.Arbitrary<{ from: number; wishes: Wishes }>, numRuns: number) =>
  fc.assert(
    fc.asyncProperty(weeks, async ({ from, wishes }) => {
      fc.pre((await follow(wishes, from, from + week)) !== undefined);
    }),
    { seed: 1, numRuns },
  );

/** Each minute is asked about, of a model that shares no code with the daemon. */
describe("Windows from 2026 to 2036", () => {
  for (const zone of zones) {
    const weekFrom = (from: number) => wishes(zone, from, from + week).map((wishes) => ({ from, wishes }));

    it(`in ${zone}, in weeks drawn at random`, () =>
      everyMinute(fc.integer({ min: tenYears.from, max: tenYears.to }).chain(weekFrom), 50));

    const changes = clockChanges(zone);
    if (changes.length === 0) continue;
    it(`in ${zone}, in each week in which the clock is changed`, async () => {
      assert.equal(changes.length, 20);
      for (const at of changes) await everyMinute(weekFrom(at - 3 * day), 4);
    });
  }

  it("in one zone without a break", async () => {
    const { from, to } = tenYears;
    const [drawn] = fc.sample(wishes("Australia/Lord_Howe", from, to), { seed: 5, numRuns: 1 });
    assert.ok(drawn !== undefined);
    const changes = await follow(drawn, from, to);
    assert.ok(changes !== undefined && changes > 2000, `${changes} changes`);
  });
});
