import assert from "node:assert/strict";
import type { Span } from "./spans.ts";
import { type Picture, pictureLines, type Row } from "./table.ts";

const startedAt = 1_000_000;
const row = (facts: Partial<Row>): Row => ({
  node: "n1",
  isReady: true,
  isCordoned: false,
  phase: "Idle",
  pods: 4,
  boots: 1,
  reasons: [],
  spans: [],
  ...facts,
});
const span = (name: Span["name"], from: number, to: number): Span => ({
  name,
  from: startedAt + from * 1000,
  to: startedAt + to * 1000,
});
const picture = (more: Partial<Picture>): Picture => ({
  rows: [row({})],
  holders: [],
  concurrency: 1,
  startedAt,
  now: startedAt + 10_000,
  news: [],
  ...more,
});
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const plain = (lines: string[]) => lines.map((line) => line.replace(/\u001b\[\d+m/g, "").trimEnd());
const draw = (more: Partial<Picture>, width = 100) => plain(pictureLines(picture(more), width));

describe("The live picture", () => {
  const spans = [
    span("waiting", 0, 2),
    span("draining", 2, 4),
    span("down", 4, 7),
    span("returning", 7, 7.2),
    span("done", 7.2, 10),
  ];

  it("has a line for each node with a bar that has grown until now, and why nodes wait", () => {
    const taken = "all slots are taken (1 of 1)";
    const rows = [
      row({ spans, boots: 2 }),
      row({ node: "n2", phase: "Waiting", reasons: [taken], spans: [span("waiting", 0, 10)] }),
      row({ node: "node-3", isReady: false, isCordoned: true, phase: "Rebooting", pods: 0 }),
      row({ node: "n4", phase: "Waiting", reasons: [taken] }),
    ];
    const news = [{ at: startedAt + 7200, text: "n1 is done" }];
    assert.deepEqual(draw({ rows, news, holders: ["node-3"] }, 77), [
      "rolling reboots, 10.0 s   1 of 4 nodes rebooted   1 of 1 slots taken: node-3",
      "",
      "NODE    STATUS             PHASE      PODS  BOOTS  0 s       5 s       10 s",
      "n1      Ready              Idle       4     2      ····▒▒▒▒██████▓─────",
      "n2      Ready              Waiting    4     1      ····················",
      "node-3  NotReady,cordoned  Rebooting  0     1",
      "n4      Ready              Waiting    4     1",
      "",
      "·· waiting   ▒▒ draining   ██ down   ▓▓ returning   ── done",
      "",
      "n2, n4: all slots are taken (1 of 1)",
      "",
      "   7.2 s  n1 is done",
    ]);
  });

  it("leaves the bars out where they would have no room", () => {
    assert.equal(draw({ rows: [row({ spans })] }, 60)[3], "n1    Ready              Idle       4     1");
  });

  it("fits the time in which nodes wait for long", () => {
    const now = startedAt + 3_600_000;
    const lines = draw({ now, rows: [row({ spans: [span("waiting", 0, 3600)] })] }, 80);
    assert.match(lines[2] ?? "", /0 s {7}20 min {4}40 min/);
    assert.match(lines[3] ?? "", /·{10}$/);
  });

  for (const width of [120, 80, 60, 40, 10]) {
    it(`is no wider than a terminal of ${width} columns`, () => {
      const long = "x".repeat(200);
      const rows = [row({ node: "a".repeat(30), phase: "Waiting", reasons: [long], spans })];
      const lines = draw({ rows, holders: [long], news: [{ at: startedAt, text: long }] }, width);
      assert.ok(
        lines.every((line) => line.length <= width),
        lines.join("\n"),
      );
    });
  }
});
