import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { linked } from "../../daemon/time/linked.ts";

describe("A linked signal", () => {
  it("is aborted with the outer signal, with its reason, also after an earlier abort", () => {
    const outer = new AbortController();
    const { signal } = linked(outer.signal);
    outer.abort("enough");
    assert.equal(signal.reason, "enough");
    assert.equal(linked(outer.signal).signal.reason, "enough");
  });

  it("is aborted alone, and leaves no listener on the outer signal", () => {
    const outer = new AbortController();
    const { signal, end } = linked(outer.signal);
    end("done");
    assert.deepEqual([signal.reason, outer.signal.aborted], ["done", false]);
    assert.equal(getEventListeners(outer.signal, "abort").length, 0);
  });
});
