import assert from "node:assert/strict";
import { cut } from "../../daemon/text/cut.ts";

describe("A cut text", () => {
  it("is within its limit, with the ellipsis, and without half a character", () => {
    assert.equal(cut("abcdef", 6), "abcdef");
    assert.equal(cut("abcdefg", 6), "abcde…");
    assert.equal(cut("abcd😀g", 6), "abcd…");
  });
});
