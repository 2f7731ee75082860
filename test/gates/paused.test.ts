import assert from "node:assert/strict";
import { parsePause, writePause } from "../../daemon/annotations/pause.ts";
import { pausedGate } from "../../daemon/gates/paused.ts";
import { everyRow } from "../rows.ts";
import { context } from "./builders.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const evening = Date.parse("2026-11-24T18:00:00Z");
const { signal } = new AbortController();

const endless = 'it does not end by itself; an end is written as "until 2026-12-24T06:00:00Z: why"';

/** The sentence of the closed gate, or "open". */
async function said(paused: string | undefined): Promise<string> {
  const answer = await pausedGate.check(context(noon, { paused }), signal);
  return answer.open ? "open" : `${answer.code}: ${answer.message}`;
}

describe("The pause of a node", () => {
  const rows: [annotation: string | undefined, says: string][] = [
    [undefined, "open"],
    ["", "open"],
    ["false", "open"],
    ["true", "node: this node is paused"],
    ["new disk", "node: this node is paused: new disk"],
    ["until 2026-11-24T18:00:00Z", "node: this node is paused until 2026-11-24T18:00:00.000Z"],
    [
      "until 2026-11-24T19:00:00+01:00: new disk: SSD",
      "node: this node is paused until 2026-11-24T18:00:00.000Z: new disk: SSD",
    ],
    ["until 2026-11-24T11:59:59Z: over", "open"],
    ["until tomorrow", `node: this node is paused: until tomorrow (${endless})`],
    ["until 2026-11-24", `node: this node is paused: until 2026-11-24 (${endless})`],
    ["yes until tomorrow", `node: this node is paused: yes until tomorrow (${endless})`],
    ["until 2026-13-45T99:00:00Z", `node: this node is paused: until 2026-13-45T99:00:00Z (${endless})`],
    ["true: until tomorrow", "node: this node is paused: until tomorrow"],
    ["Until 2026-11-24T18:00:00Z:disk", "node: this node is paused until 2026-11-24T18:00:00.000Z: disk"],
    ["yes", "node: this node is paused"],
    ["no", "open"],
    ["OFF", "open"],
    ["0", "open"],
  ];
  it("is read from the annotation, with its end and its reason", () =>
    everyRow(
      rows.map(([annotation, says]) => [JSON.stringify(annotation) ?? "none", annotation, says] as const),
      async (annotation, says) => assert.equal(await said(annotation), says),
    ));

  it("names its end as the time of the next answer", async () => {
    const paused = "until 2026-11-24T18:00:00Z";
    const { changesAt } = await pausedGate.check(context(noon, { paused }), signal);
    assert.equal(changesAt, evening);
  });

  it("shows no more of a reason than fits a line", async () => {
    assert.ok((await said("x".repeat(10_000))).length < 300);
  });

  it("is read as it was written", () => {
    for (const pause of [
      {},
      { reason: "new disk" },
      { until: evening },
      { until: evening, reason: "a: b" },
    ]) {
      assert.deepEqual(parsePause(writePause(pause)), pause);
    }
  });
});
