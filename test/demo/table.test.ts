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
  function written(use: (screen: ReturnType<typeof createScreen>) => void): string {
    let text = "";
    const write = (more: string) => {
      text += more;
    };
    use(createScreen({ isTTY: true, columns: 80, write }));
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
});
