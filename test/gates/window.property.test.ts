import * as fc from "fast-check";
import { follow, wishes } from "./follow-window.ts";
import { clockChanges, day, tenYears, week, zones } from "./window-model.ts";

/** A week somewhere in the ten years, or one in which the clock is changed. */
const weeksOf = (zone: string) => {
  const changes = [...clockChanges(zone), tenYears.from];
  return fc
    .oneof(
      fc.integer({ min: tenYears.from, max: tenYears.to }),
      fc.constantFrom(...changes.map((at) => at - 3 * day)),
    )
    .chain((from) => wishes(zone, from, from + week).map((wishes) => ({ from, wishes })));
};

/** test/simulation/window-years.test.ts does the same for more of the ten years. */
describe("Whatever the windows", () => {
  it("are open, closed and changing in each minute of a week as the clock on the wall says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(...zones.map(weeksOf)), async ({ from, wishes }) => {
        fc.pre((await follow(wishes, from, from + week)) !== undefined);
      }),
      { seed: 1, numRuns: 25 },
    );
  }).timeout(10_000);
});
