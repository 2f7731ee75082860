import assert from "node:assert/strict";
import { nearest } from "../../daemon/text/nearest.ts";
import { everyRow } from "../rows.ts";

const words = ["concurrency", "rebootDays", "rebootDelay", "window", "windowEnd", "os"];

describe("The nearest word", () => {
  it("is the one that a person may have meant", () =>
    everyRow<[string, string | undefined]>(
      [
        ["a letter too few", "concurency", "concurrency"],
        ["letters swapped", "widnow", "window"],
        ["another case and hyphens", "REBOOT-DAYS", "rebootDays"],
        ["the nearer of two", "rebootDela", "rebootDelay"],
        ["a short word", "so", "os"],
        ["another word", "kubernetes", undefined],
        ["nothing", "", undefined],
        ["a text without end", "x".repeat(100_000), undefined],
      ].map(([name, given, word]) => [name, given, word] as [string, string, string | undefined]),
      (given, word) => assert.equal(nearest(given, words), word),
    ));
});
