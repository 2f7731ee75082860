import assert from "node:assert/strict";
import { joined, type Text, unpainted } from "../../daemon/cli/terminal.ts";
import { firstState, pressed, type WatchState } from "../../daemon/cli/watch-keys.ts";
import { watchView } from "../../daemon/cli/watch-view.ts";
import { cells } from "../../daemon/text/cells.ts";
import { type FixtureCluster, fixtureClusters, goldenTexts, noon } from "./fixture-clusters.ts";
import { assertGolden, inWords } from "./golden.ts";

const sizes = [
  { columns: 80, rows: 24 },
  { columns: 160, rows: 50 },
];
const viewOf = (
  { fleet }: FixtureCluster,
  size = sizes[0] ?? { columns: 80, rows: 24 },
  state = firstState,
) => watchView({ fleet, trouble: undefined }, state, size, noon);
const plain = (lines: readonly Text[]) => lines.map(unpainted);

/** A cluster with a wave, and as many nodes as there are reasons. */
function crowd(): FixtureCluster {
  const [first = assert.fail()] = fixtureClusters.filter(({ name }) => name === "draining");
  const others = fixtureClusters
    .filter(({ group }) => group === "gates")
    .flatMap(({ fleet }, index) =>
      fleet.nodes.slice(0, 1).map((node) => ({ ...node, name: `node-${String(index).padStart(3, "0")}` })),
    );
  return { ...first, fleet: { ...first.fleet, nodes: [...first.fleet.nodes, ...others] } };
}

describe("The live view", () => {
  for (const size of sizes) {
    const named = `${size.columns}x${size.rows}`;
    for (const [group, text] of goldenTexts(
      (cluster) => `${inWords(joined(viewOf(cluster, size).lines, "\n"))}\n`,
    )) {
      it(`of ${named} cells is that of the golden file for all ${group}`, () =>
        assertGolden(`watch/${group}-${named}`, text.replace(/\n{4,}/g, "\n\n(blank lines)\n")));
    }

    it(`of ${named} cells fills the window and no more, for each cluster`, () => {
      for (const cluster of [...fixtureClusters, crowd()]) {
        const lines = plain(viewOf(cluster, size).lines);
        assert.equal(lines.length, size.rows, cluster.name);
        for (const line of lines) assert.ok(cells(line) <= size.columns, `${cluster.name}: ${line}`);
      }
    });
  }

  it("fits into a window of any size", () => {
    for (const rows of [1, 2, 3, 5]) {
      for (const columns of [10, 40]) {
        assert.ok(viewOf(crowd(), { columns, rows }).lines.length <= rows, `${columns}x${rows}`);
      }
    }
  });

  it("says on top when it is not up to date", () => {
    const { fleet } = crowd();
    const { lines } = watchView(
      { fleet, trouble: "no\u001b[2Janswer" },
      firstState,
      { columns: 80, rows: 24 },
      noon,
    );
    assert.equal(plain(lines)[0], "not up to date: no [2Janswer");
  });
});

describe("The keys of the live view", () => {
  const extent = { lines: 100, room: 20 };
  const stateAfter = (...sent: string[]) =>
    sent.reduce<WatchState>((state, one) => pressed(state, one, extent), firstState);

  const rows: [what: string, sent: string[], offset: number][] = [
    ["down", ["j", "\u001b[B", "\u001bOB"], 3],
    ["up, not above the top", ["\u001b[A", "k"], 0],
    ["a page down", ["\u001b[6~"], 20],
    ["to the end, not beyond", ["G", "\u001b[6~", "j"], 80],
    ["to the start", ["G", "g"], 0],
    ["several at once", ["jj\u001b[B"], 3],
    ["an unknown one", ["\u001b[15~", "x", "\u0000"], 0],
  ];
  for (const [what, sent, offset] of rows) {
    it(`move: ${what}`, () => assert.deepEqual(stateAfter(...sent), { ...firstState, offset }));
  }

  it("end it: q and Ctrl-C", () => {
    for (const key of ["q", "\u0003"]) assert.equal(stateAfter(key).isOver, true);
  });

  it("sort in three ways, from the top", () => {
    assert.deepEqual(
      [stateAfter("s").sorting, stateAfter("s", "s").sorting, stateAfter("s", "s", "s").sorting],
      ["name", "phase", "wait"],
    );
    assert.equal(stateAfter("G", "s").offset, 0);
  });

  it("show another part of the nodes", () => {
    const [top, end] = ["", "G"].map((key) => {
      const { extent: size } = viewOf(crowd());
      return plain(viewOf(crowd(), undefined, pressed(firstState, key, size)).lines).join("\n");
    });
    assert.match(top ?? "", /WAVE/);
    assert.doesNotMatch(end ?? "", /WAVE/);
    assert.match(end ?? "", /lines \d+ to (\d+) of \1$/);
  });
});
