import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const text = readFileSync(new URL("SECURITY.md", root), "utf8");

/** Rows of the table of attackers: who, what comes of it at worst, and the tests that show it. */
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| attacker"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter((cells) => cells.length === 5);

describe("SECURITY.md", () => {
  it("has a table of attackers", () => {
    assert.ok(rows.length >= 15, `${rows.length} rows`);
  });

  for (const [, attacker = "", , shownBy = ""] of rows) {
    it(`names the tests that show what comes of it, or says that there are none: ${attacker.slice(0, 70)}`, () => {
      const files = [...shownBy.matchAll(/`(test\/[^`]+)`/g)].map(([, file = ""]) => file);
      assert.ok(files.length > 0 || shownBy === "none: by design", shownBy);
      for (const file of files) assert.ok(existsSync(new URL(file, root)), file);
    });
  }

  it("names no test that is not there, elsewhere either", () => {
    for (const [, file = ""] of text.matchAll(/`(test\/[^`]+\.ts)`/g))
      assert.ok(existsSync(new URL(file, root)), file);
  });
});
