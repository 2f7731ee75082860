import assert from "node:assert/strict";
import { createScreen } from "./screen.ts";
import { type Row, tableLines } from "./table.ts";

const row = (facts: Partial<Row>): Row => ({
  node: "n1",
  isReady: true,
  isCordoned: false,
  phase: "Idle",
  pods: 4,
  boots: 1,
  reasons: [],
  ...facts,
});
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const plain = (lines: string[]) => lines.map((line) => line.replace(/\u001b\[\d+m/g, "").trimEnd());

describe("The live table", () => {
  it("has one line for each node, with columns one below the other", () => {
    const rows = [
      row({}),
      row({ node: "node-2", isReady: false, isCordoned: true, phase: "Rebooting", pods: 0, boots: 12 }),
      row({ node: "n3", phase: "Waiting", reasons: ["all slots are taken (1 of 1)", "an alert fires"] }),
    ];
    assert.deepEqual(plain(tableLines(rows, 120)), [
      "NODE    STATUS             PHASE      PODS  BOOTS  WHY",
      "n1      Ready              Idle       4     1",
      "node-2  NotReady,cordoned  Rebooting  0     12",
      "n3      Ready              Waiting    4     1      all slots are taken (1 of 1); an alert fires",
    ]);
  });

  for (const width of [60, 40, 10]) {
    it(`is no wider than a terminal of ${width} columns`, () => {
      const lines = plain(tableLines([row({ phase: "Waiting", reasons: ["x".repeat(200)] })], width));
      assert.ok(
        lines.every((line) => line.length <= width),
        lines.join("\n"),
      );
    });
  }
});

describe("The screen", () => {
  function written(
    use: (screen: ReturnType<typeof createScreen>) => void,
    { rows = 24, isPlain = false } = {},
  ): string {
    let text = "";
    const write = (more: string) => {
      text += more;
    };
    use(createScreen({ isTTY: true, columns: 80, rows, write }, isPlain));
    return text;
  }

  it("draws over what it drew before", () => {
    const text = written((screen) => {
      screen.draw(["one", "two"]);
      screen.draw(["three"]);
    });
    assert.equal(text.split("\u001b[2A").length, 2);
  });

  it("does not draw over what was printed", () => {
    const text = written((screen) => {
      screen.draw(["one", "two"]);
      screen.print("done");
      screen.draw(["three"]);
    });
    assert.ok(!text.includes("\u001b[2A"));
  });

  it("has no colours where NO_COLOR asks for none", () => {
    const draw = (isPlain: boolean) =>
      written((screen) => screen.draw(tableLines([row({})], 80)), { isPlain });
    assert.ok(draw(false).includes("\u001b[32mReady"));
    assert.doesNotMatch(draw(true), /\[\d+m/);
    assert.match(draw(true), / Ready /);
  });

  it("draws no more than the terminal is high, so that nothing is left above", () => {
    const lines = ["head", "n1", "n2", "n3", "n4"];
    const twice = (rows: number) =>
      written(
        (screen) => {
          screen.draw(lines);
          screen.draw(lines);
        },
        { rows },
      );
    assert.ok(twice(6).includes("\u001b[5A"));
    assert.ok(twice(6).includes("n4"));
    const low = twice(4);
    assert.ok(low.includes("\u001b[3A"), JSON.stringify(low));
    assert.match(low, /head[^\n]*\nn1[^\n]*\n… and 3 more/);
    assert.ok(!low.includes("n2"));
  });
});
