import assert from "node:assert/strict";
import { record, stage } from "./builders.ts";
import { waitingNamesReasons } from "./says-why.ts";

describe("P5, it says why, is broken by", () => {
  it("a node that goes on waiting and names no reason", () => {
    const { look, broken } = stage();
    const checker = waitingNamesReasons(look);
    checker.onRecord?.(record({ phase: "Waiting" }, { phase: "Waiting", reasons: [] }));
    assert.deepEqual(broken(), ["it says why it waits"]);
    checker.onRecord?.(record({ phase: "Idle" }, { phase: "Waiting", reasons: [] }));
    const reasons = [{ gate: "window", code: "outside", message: "it is day" }];
    checker.onRecord?.(record({ phase: "Waiting" }, { phase: "Waiting", reasons }));
    assert.deepEqual(broken(), []);
  });
});
