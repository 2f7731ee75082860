import assert from "node:assert/strict";
import { explanationOf, explanationText } from "../../daemon/cli/explanation.ts";
import type { NodeEvent } from "../../daemon/cli/node-events.ts";
import { oneLine } from "../../daemon/text/one-line.ts";
import { ago, type FixtureCluster, goldenTexts, noon } from "./fixture-clusters.ts";
import { assertGolden, inWords } from "./golden.ts";

const hostile = "\u001b[2Jred\r\nnext\u202eline";
const events: readonly NodeEvent[] = [
  {
    at: ago(50),
    isWarning: false,
    reason: "RebootRequired",
    message: "linux-image-6.1",
    count: 1,
    source: "rebootd.dev/daemon",
  },
  {
    at: ago(3),
    isWarning: true,
    reason: "NodeNotReady",
    message: hostile,
    count: 4,
    source: "node-controller",
  },
];

function linesOf({ fleet, wholeNodes }: FixtureCluster): string[] {
  const [node = assert.fail("no node")] = wholeNodes;
  const { place, lockState, health } = fleet;
  return explanationOf({ node, lockState, place, health, hooks: [], events }, noon);
}

describe("The explanation on a terminal", () => {
  for (const columns of [80, 160]) {
    for (const [group, text] of goldenTexts((cluster) =>
      inWords(explanationText(linesOf(cluster), { columns })),
    )) {
      it(`of ${columns} cells is that of the golden file for all ${group}`, () =>
        assertGolden(`explain/${group}-${columns}`, text));
    }
  }

  it("has no control characters but line breaks, whatever the texts of others are", () => {
    for (const [, text] of goldenTexts((cluster) =>
      inWords(explanationText(linesOf(cluster), { columns: 80 })),
    )) {
      for (const line of text.split("\n"))
        assert.equal(line.trimEnd(), line.trimEnd().replace(/\p{C}/gu, " "));
    }
    assert.equal(oneLine(hostile).includes("\u001b"), false);
  });
});
