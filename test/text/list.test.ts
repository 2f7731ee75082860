import assert from "node:assert/strict";
import { firstOf } from "../../daemon/text/list.ts";

describe("A list", () => {
  it("has the first texts, and the number of the others", () => {
    assert.equal(firstOf(["a", "b"], 2), "a, b");
    assert.equal(firstOf(["a", "b", "c", "d"], 2), "a, b and 2 more");
    assert.equal(firstOf(["a", "b", "c"], 2, "; "), "a; b and 1 more");
  });
});
