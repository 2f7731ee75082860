import assert from "node:assert/strict";
import { parsePause, withPause, writePause } from "../../daemon/gates/paused.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const evening = Date.parse("2026-11-24T18:00:00Z");
const open = { closed: [] };

/** The sentence of the closed gate, or "open". */
function said(annotation: string | undefined): string {
  const [closed] = withPause(open, annotation, noon).closed;
  return closed === undefined ? "open" : `${closed.gate} ${closed.code}: ${closed.message}`;
}

describe("The pause of a node", () => {
  const rows: [annotation: string | undefined, says: string][] = [
    [undefined, "open"],
    ["", "open"],
    ["false", "open"],
    ["true", "paused node: this node is paused"],
    ["new disk", "paused node: this node is paused: new disk"],
    ["until 2026-11-24T18:00:00Z", "paused node: this node is paused until 2026-11-24T18:00:00.000Z"],
    [
      "until 2026-11-24T19:00:00+01:00: new disk: SSD",
      "paused node: this node is paused until 2026-11-24T18:00:00.000Z: new disk: SSD",
    ],
    ["until 2026-11-24T11:59:59Z: over", "open"],
    ["until tomorrow", "paused node: this node is paused: until tomorrow"],
    ["until 2026-11-24", "paused node: this node is paused: until 2026-11-24"],
    ["until 2026-13-45T99:00:00Z", "paused node: this node is paused"],
  ];
  for (const [annotation, says] of rows) {
    it(`${JSON.stringify(annotation)}: ${says}`, () => assert.equal(said(annotation), says));
  }

  it("is beside the other closed gates, and tells when it ends", () => {
    const window = { gate: "window", code: "outside", message: "outside" };
    const { closed, changesAt } = withPause(
      { closed: [window], changesAt: evening + 1 },
      "until 2026-11-24T18:00:00Z",
      noon,
    );
    assert.deepEqual(
      closed.map(({ gate }) => gate),
      ["window", "paused"],
    );
    assert.equal(changesAt, evening);
  });

  it("shows no more of a reason than fits a line", () => {
    assert.ok(said("x".repeat(10_000)).length < 300);
  });

  for (const pause of [{}, { reason: "new disk" }, { until: evening }, { until: evening, reason: "a: b" }]) {
    it(`is read as it was written: ${JSON.stringify(pause)}`, () =>
      assert.deepEqual(parsePause(writePause(pause)), pause));
  }
});
