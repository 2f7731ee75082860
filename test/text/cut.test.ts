import assert from "node:assert/strict";
import { cut, cutBytes } from "../../daemon/text/cut.ts";

describe("A cut text", () => {
  it("is within its limit, with the ellipsis, and without half a character", () => {
    assert.equal(cut("abcdef", 6), "abcdef");
    assert.equal(cut("abcdefg", 6), "abcde…");
    assert.equal(cut("abcd😀g", 6), "abcd…");
  });

  it("is within a limit of bytes, which count more than one for most characters", () => {
    assert.equal(cutBytes("äbc", 4), "äbc");
    assert.equal(cutBytes("äbcd", 4), "…");
    assert.equal(cutBytes("äbcdef", 6), "äb…");
    assert.equal(cutBytes("ab😀cd", 7), "ab…");
    assert.equal(cutBytes("ab😀cdef", 9), "ab😀…");
  });
});
