import assert from "node:assert/strict";
import * as fc from "fast-check";
import { cells, cutCells, padCells, wrapCells } from "../../daemon/text/cells.ts";
import { everyRow } from "../rows.ts";

describe("A text on a terminal", () => {
  const widths: [what: string, text: string, width: number][] = [
    ["ASCII", "worker-1", 8],
    ["nothing", "", 0],
    ["Latin letters", "Größe", 5],
    ["a letter and its accent", "e\u0301", 1],
    ["Chinese", "节点", 4],
    ["Japanese", "ノード", 6],
    ["Korean", "노드", 4],
    ["fullwidth Latin", "ＡＢ", 4],
    ["a picture", "🚀", 2],
    ["a picture of several", "👩‍💻", 2],
    ["a picture with a tone", "👍🏽", 2],
    ["a flag", "🇩🇪", 2],
    ["a sign shown as a picture", "⚠️", 2],
    ["the sign itself", "⚠", 1],
    ["an ellipsis", "…", 1],
  ];
  it("takes the cells of its characters", () =>
    everyRow(widths, (text, width) => assert.equal(cells(text), width)));

  it("is filled to a width by cells", () => {
    assert.equal(padCells("节点", 6), "节点  ");
    assert.equal(padCells("节点", 3), "节点");
  });

  it("is cut to a width, and no character is halved", () => {
    assert.equal(cutCells("abcdef", 6), "abcdef");
    assert.equal(cutCells("abcdef", 5), "abcd…");
    assert.equal(cutCells("节点节点", 6), "节点…");
    assert.equal(cutCells("节点节点", 1), "…");
  });

  it("is wrapped at blanks, and a long word where the line ends", () => {
    assert.deepEqual(wrapCells("all slots are taken", 9), ["all slots", "are taken"]);
    assert.deepEqual(wrapCells("a abcdefgh b", 4), ["a", "abcd", "efgh", "b"]);
    assert.deepEqual(wrapCells("节点节点 x", 5), ["节点", "节点", "x"]);
    assert.deepEqual(wrapCells("", 5), [""]);
  });

  it("loses nothing when it is wrapped, and no line is too wide", () => {
    const words = fc.array(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).map((one) => one.replace(/\s/gu, "x")),
    );
    fc.assert(
      fc.property(words, fc.integer({ min: 2, max: 20 }), (some, width) => {
        const text = some.join(" ");
        const lines = wrapCells(text, width);
        assert.equal(lines.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
        for (const line of lines) assert.ok(cells(line) <= width, JSON.stringify(line));
      }),
    );
  });
});
