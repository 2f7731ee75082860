import assert from "node:assert/strict";
import { anyOf, firstOf } from "../../daemon/text/list.ts";

describe("A list", () => {
  it("has the first texts, and the number of the others", () => {
    assert.equal(firstOf(["a", "b"], 2), "a, b");
    assert.equal(firstOf(["a", "b", "c", "d"], 2), "a, b and 2 more");
    assert.equal(firstOf(["a", "b", "c"], 2, "; "), "a; b and 1 more");
  });
});

describe("A list of choices", () => {
  it("has commas, and an or before the last one", () => {
    assert.equal(anyOf(["a", "b", "c"]), "a, b or c");
    assert.equal(anyOf(["a", "b"]), "a or b");
    assert.equal(anyOf(["a"]), "a");
    assert.equal(anyOf([]), "");
  });
});
