import assert from "node:assert/strict";
import { everyRow } from "./rows.ts";

describe("A table in one test", () => {
  it("checks every row, also behind one that does not hold, and names those that do not", async () => {
    const seen: number[] = [];
    const rows: [string, number][] = [
      ["one", 1],
      ["two", 2],
      ["three", 3],
      ["four", 4],
    ];
    const checking = everyRow(rows, async (number) => {
      seen.push(number);
      assert.ok(number % 2 === 1, "is even");
    });
    await assert.rejects(checking, { message: "2 of 4 rows do not hold\ntwo: is even\nfour: is even" });
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  it("fails without rows, as it would check nothing", async () => {
    await assert.rejects(
      everyRow([], () => {}),
      /no rows/,
    );
  });
});
