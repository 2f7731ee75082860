import assert from "node:assert/strict";
import { parsePriority } from "../../daemon/annotations/priority.ts";

describe("The priority on a Node", () => {
  it("is one of three words in any case, normal without any, and a long text is read at once", () => {
    const begin = performance.now();
    for (const space of [" ", "h"]) assert.equal(parsePriority(`high${space.repeat(250_000)}x`), undefined);
    assert.ok(performance.now() - begin < 500);
    assert.equal(parsePriority(undefined), "normal");
    assert.equal(parsePriority("high"), "high");
    assert.equal(parsePriority("HIGH"), "high");
    assert.equal(parsePriority("7"), undefined);
  });
});
