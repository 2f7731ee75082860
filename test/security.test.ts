import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { everyRow } from "./rows.ts";

const root = new URL("../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");
const text = read("SECURITY.md");

/** The table of attackers: an attacker, the worst effect, and the tests that show it. */
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| attacker"))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()))
  .filter((cells) => cells.length === 3);

/** A test as it is named there: `test/file.test.ts`: "title", "title". */
const named = /`(test\/[^`]+\.ts)`((?:[:,] "[^"]+")*)/g;

function testsIn(cell: string): { file: string; titles: string[] }[] {
  return [...cell.matchAll(named)].map(([, file = "", titles = ""]) => ({
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title),
  }));
}

/** Titles in a file of tests; what is filled in is left as it stands in the source. */
function titlesIn(file: string): string[] {
  const calls = read(file).matchAll(/\b(?:it|describe)\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/gs);
  return [...calls].map(([, , title = ""]) => title);
}

describe("SECURITY.md", () => {
  it("has a table of attackers", () => {
    assert.ok(rows.length >= 25, `${rows.length} rows`);
  });

  it("names the tests of each row, or none by design", () =>
    everyRow(
      rows.map(([attacker = "", , shownBy = ""]) => [attacker.slice(0, 70), shownBy] as const),
      (shownBy) => {
        const tests = testsIn(shownBy);
        assert.ok(tests.length > 0 || shownBy === "none: by design", shownBy);
        assert.equal(
          shownBy.replaceAll(named, "").replaceAll(/[,; ]/g, ""),
          tests.length > 0 ? "" : "none:bydesign",
        );
        for (const { file, titles } of tests) {
          assert.ok(existsSync(new URL(file, root)), file);
          assert.ok(titles.length > 0, `${file}: which of its tests?`);
          for (const title of titles)
            assert.ok(
              titlesIn(file).some((one) => one.includes(title)),
              `${file} has no test "${title}"`,
            );
        }
      },
    ));

  it("names no test that is not there, elsewhere either", () => {
    for (const { file } of testsIn(text)) assert.ok(existsSync(new URL(file, root)), file);
  });
});
