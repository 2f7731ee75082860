import assert from "node:assert/strict";
import { fleetStatus } from "../../daemon/cli/cluster-status.ts";
import { statusView } from "../../daemon/cli/status-text.ts";
import { unpainted } from "../../daemon/cli/terminal.ts";
import { cells } from "../../daemon/text/cells.ts";
import { goldenTexts, noon } from "./fixture-clusters.ts";
import { assertGolden, inWords } from "./golden.ts";

describe("The status on a terminal", () => {
  for (const columns of [80, 160]) {
    const look = { isWide: columns === 160, hasHeaders: true, terminal: { columns } };
    const views = goldenTexts(({ fleet }) => inWords(statusView(fleetStatus(fleet), look, noon)));

    for (const [group, text] of views) {
      it(`of ${columns} cells is that of the golden file for all ${group}`, () =>
        assertGolden(`status/${group}-${columns}`, text));
    }

    it(`of ${columns} cells has no line that is wider, but for long names`, () => {
      const wide = goldenTexts(({ name, fleet }) =>
        name === "wide-and-long"
          ? ""
          : unpainted(statusView(fleetStatus(fleet), { ...look, isWide: false }, noon)),
      ).flatMap(([, text]) => text.split("\n").filter((line) => cells(line) > columns));
      assert.deepEqual(wide, []);
    });
  }
});
