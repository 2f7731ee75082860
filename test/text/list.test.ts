import assert from "node:assert/strict";
import { count } from "../../daemon/text/count.ts";
import { cut } from "../../daemon/text/cut.ts";
import { firstOf } from "../../daemon/text/list.ts";

describe("A sentence", () => {
  it("counts with the right plural", () => {
    assert.deepEqual(
      [0, 1, 2].map((number) => count(number, "pod")),
      ["0 pods", "1 pod", "2 pods"],
    );
    assert.deepEqual(
      [1, 2].map((number) => count(number, "pod is", "pods are")),
      ["1 pod is", "2 pods are"],
    );
  });

  it("names the first of many, and says how many more there are", () => {
    assert.equal(firstOf(["a", "b"], 2), "a, b");
    assert.equal(firstOf(["a", "b", "c", "d"], 2), "a, b and 2 more");
    assert.equal(firstOf(["a", "b", "c"], 2, "; "), "a; b and 1 more");
  });

  it("is cut to its limit, the ellipsis included, and not within a character", () => {
    assert.equal(cut("abcdef", 6), "abcdef");
    assert.equal(cut("abcdefg", 6), "abcde…");
    assert.equal(cut("abcd😀g", 6), "abcd…");
  });
});
