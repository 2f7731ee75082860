import assert from "node:assert/strict";
import { oneLine, shortEnds, shortLine } from "../daemon/one-line.ts";

describe("A text of others on a line of ours", () => {
  const rows: [what: string, given: string, shown: string][] = [
    ["has no breaks", "a\r\nb\u2028c\u0085d", "a b c d"],
    ["has nothing that a terminal obeys", "\u001b[31mred\u0007\u009b", "[31mred"],
    ["is written in one direction", "a\u202eb\u2066c", "a b c"],
    ["has no half characters", "a\ud83d", "a"],
    ["keeps whole ones, of any language", "naïve 漢字 😀", "naïve 漢字 😀"],
  ];
  for (const [what, given, shown] of rows) {
    it(what, () => assert.equal(oneLine(given), shown));
  }

  it("is cut where it is to be short, and says so", () => {
    assert.equal(shortLine("abcdef", 6), "abcdef");
    assert.equal(shortLine("abcdefg", 6), "abcdef…");
    assert.equal(shortLine("abcde😀", 6), "abcde…");
    assert.equal(shortLine("x".repeat(101)).length, 101);
  });

  it("is cut in the middle where its end may say more than its beginning", () => {
    assert.equal(shortEnds("a\nb cd", 6), "a b cd");
    assert.equal(shortEnds("many warnings, and then the error", 16), "many war … he error");
    assert.equal(shortEnds("abc😀 12😀de", 6), "abc … de");
  });
});
