import assert from "node:assert/strict";
import { type WaitCondition, waitConditions } from "../../daemon/cli/wait-conditions.ts";
import { baselineOf, progressOf } from "../../daemon/cli/wait-for.ts";
import { type FixtureCluster, fixtureClusters, goldenTexts } from "./fixture-clusters.ts";
import { assertGolden } from "./golden.ts";

const conditions = Object.keys(waitConditions) as WaitCondition[];

/** A line for each node and condition: for a wait that has just begun. */
function progressText({ fleet }: FixtureCluster): string {
  const names = fleet.nodes.map(({ name = "" }) => name);
  const baseline = baselineOf(fleet.nodes);
  const lines = conditions.flatMap((condition) =>
    progressOf(names, condition, baseline, fleet).map(
      ({ node, state, text }) => `${condition}: ${node}: ${state}${state === "met" ? "" : `: ${text}`}\n`,
    ),
  );
  return lines.join("");
}

describe("A wait that has just begun", () => {
  for (const [group, text] of goldenTexts(progressText)) {
    it(`says of each node how far it is, as in the golden file, for all ${group}`, () =>
      assertGolden(`wait/${group}`, text));
  }

  it("takes no cycle that had ended before for a reboot", () => {
    const met = fixtureClusters.flatMap(({ fleet }) => {
      const names = fleet.nodes.map(({ name = "" }) => name);
      return progressOf(names, "rebooted", baselineOf(fleet.nodes), fleet).filter(
        ({ state }) => state === "met",
      );
    });
    assert.deepEqual(met, []);
  });
});
