import assert from "node:assert/strict";
import { oneLine, plainJson, plainLines, shortEnds, shortLine } from "../../daemon/text/one-line.ts";
import { everyRow } from "../rows.ts";

describe("An untrusted text", () => {
  const rows: [what: string, given: string, shown: string][] = [
    ["line breaks", "a\r\nb\u2028c\u0085d", "a b c d"],
    ["control characters", "\u001b[31mred\u0007\u009b", "[31mred"],
    ["changes of direction", "a\u202eb\u2066c", "a b c"],
    ["half a character", "a\ud83d", "a"],
    ["characters of any language", "naïve 漢字 😀", "naïve 漢字 😀"],
  ];
  it("becomes one line without control characters, changes of direction and half characters", () =>
    everyRow(rows, (given, shown) => assert.equal(oneLine(given), shown)));

  it("of several lines keeps its lines, and no control characters of a terminal", () => {
    assert.equal(plainLines("a  b\n  c\u001b[2J\r\u0085\u009b\u2028\u202e d\n"), "a  b\n  c [2J      d\n");
  });

  it("keeps its value as JSON, with escapes for a terminal", () => {
    const value = { "k\u202e": ["\u001b[2J\u009b31m\u2066\u200b\ud83d\u2028\u{e0001}", "naïve 漢字 😀\n"] };
    for (const indent of [undefined, 2]) {
      const text = plainJson(value, indent);
      assert.deepEqual(JSON.parse(text), value);
      assert.match(text, /^[\n\P{C}]+$/u);
      assert.match(text, /naïve 漢字 😀/);
    }
  });

  it("is cut with an ellipsis", () => {
    assert.equal(shortLine("abcdef", 6), "abcdef");
    assert.equal(shortLine("abcdefg", 6), "abcdef…");
    assert.equal(shortLine("abcde😀", 6), "abcde…");
    assert.equal(shortLine("x".repeat(101)).length, 101);
  });

  it("is cut in the middle to keep its end", () => {
    assert.equal(shortEnds("a\nb cd", 6), "a b cd");
    assert.equal(shortEnds("many warnings, and then the error", 16), "many war … he error");
    assert.equal(shortEnds("abc😀 12😀de", 6), "abc … de");
  });
});
