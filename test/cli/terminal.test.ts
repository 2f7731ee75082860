import assert from "node:assert/strict";
import { paintedTable } from "../../daemon/cli/table.ts";
import { joined, noTerminal, paint, rendered, terminalOf, unpainted } from "../../daemon/cli/terminal.ts";
import type { Environment } from "../../daemon/config/environment.ts";
import { cells } from "../../daemon/text/cells.ts";
import { everyRow } from "../rows.ts";
import { assertGolden, inWords } from "./golden.ts";

const hostile = "\u001b[2J\u001b[31mx\u001b]0;title\u0007\r\u009b1A\u0008\u202e\u200b\u2028y";

describe("The terminal", () => {
  const window = { isTTY: true, columns: 80 };
  const pipe = {};
  const rows: [what: string, stream: object, environment: Environment, hasColour: boolean][] = [
    ["has colours", window, { TERM: "xterm" }, true],
    ["has none in a pipe", pipe, { TERM: "xterm" }, false],
    ["has none with NO_COLOR", window, { NO_COLOR: "1" }, false],
    ["has them with an empty NO_COLOR", window, { NO_COLOR: "" }, true],
    ["has none where TERM=dumb", window, { TERM: "dumb" }, false],
    ["has them in a pipe with FORCE_COLOR", pipe, { FORCE_COLOR: "1" }, true],
    ["has them with FORCE_COLOR and NO_COLOR", pipe, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
    ["has none with FORCE_COLOR=0", window, { FORCE_COLOR: "0" }, false],
    ["takes an empty FORCE_COLOR for none", pipe, { FORCE_COLOR: "" }, false],
  ];
  it("has colours as the stream and the environment say", () =>
    everyRow(rows, (stream, environment, hasColour) =>
      assert.equal(terminalOf(stream, environment).hasColour, hasColour),
    ));

  it("is as wide as its window is now, and a pipe has no width", () => {
    const stream = { isTTY: true, columns: 80 };
    const terminal = terminalOf(stream, {});
    stream.columns = 120;
    assert.equal(terminal.columns, 120);
    assert.equal(terminalOf({ columns: 80 }, {}).columns, undefined);
    assert.equal(terminalOf({ isTTY: true, columns: 0 }, {}).columns, undefined);
  });

  it("moves its cursor only on a terminal that can", () => {
    assert.equal(terminalOf(window, { TERM: "xterm", NO_COLOR: "1" }).isInteractive, true);
    assert.equal(terminalOf(window, { TERM: "dumb" }).isInteractive, false);
    assert.equal(terminalOf(pipe, { FORCE_COLOR: "1" }).isInteractive, false);
  });
});

describe("A text for the terminal", () => {
  it("has our styles, and nothing of others that looks like one", () => {
    const text = ["a ", paint("trouble", `b${hostile}\nc`), hostile];
    assert.equal(
      inWords(text),
      inWords(["a ", paint("trouble", unpainted(paint("trouble", `b${hostile}\nc`))), hostile]),
    );
    const without = rendered(text, { hasColour: true })
      .replaceAll("\u001b[31m", "")
      .replaceAll("\u001b[39m", "");
    assert.match(without, /^[\n\P{C}]+$/u);
    const styled = rendered(text, { hasColour: true }).split("\u001b[31m").length - 1;
    assert.equal(styled, 2, "one for each line of ours");
    assert.match(rendered(text, noTerminal), /^[\n\P{C}]+$/u);
  });

  it("loses its styles in a string, never its safety", () => {
    const styled = paint("trouble", hostile);
    assert.match(rendered(`<${styled}>`, { hasColour: true }), /^[\n\P{C}]+$/u);
    assert.equal(`<${paint("heading", "x")}>`, "<x>");
    const forged = { style: "trouble", text: hostile, codes: ["red"] };
    assert.throws(() => rendered(forged as unknown as string, { hasColour: true }));
  });

  it("keeps its styles when it is joined", () => {
    assert.equal(
      inWords(joined([paint("heading", "a"), "b", paint("dim", "c")], ", ")),
      "[bold]a[/], b, [dim]c[/]",
    );
  });
});

describe("A table", () => {
  const rows = [
    [
      "worker-1",
      "3m",
      { text: "Draining", style: "busy" },
      "drain: 1 pod remains: PodDisruptionBudget shop/cart allows no disruptions",
    ],
    [
      "节点-二",
      undefined,
      { text: "Failed", style: "trouble" },
      { text: "🚀 the drain timed out", style: "trouble" },
    ],
    ["e\u0301-3", "1h 2m", "Waiting", `${hostile}all slots are taken (2 of 2)`],
  ] as const;
  const header = ["NODE", "SINCE", "PHASE", "WHY"];

  for (const columns of [60, 80, 160])
    it(`fits a terminal with ${columns} columns`, () => {
      const text = paintedTable(header, rows, { columns });
      assertGolden(`table/wrapped-${columns}`, inWords(text));
      for (const line of unpainted(text).split("\n")) assert.ok(cells(line) <= columns, line);
    });

  it("has one line for each row where that is asked for", () => {
    const text = paintedTable(header, rows, { columns: 60 }, { tooWide: "cut" });
    assertGolden("table/cut-60", inWords(text));
    assert.equal(unpainted(text).split("\n").length, 5);
  });

  it("is whole in a pipe", () => {
    assertGolden("table/pipe", rendered(paintedTable(header, rows, noTerminal), noTerminal));
  });
});
