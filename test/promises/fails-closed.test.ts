import assert from "node:assert/strict";
import { holder, lockObject, stage } from "./builders.ts";
import { unreadableLockStays } from "./fails-closed.ts";

describe("P9, fails closed, is broken by", () => {
  it("a daemon that overwrites a lock that it cannot read", () => {
    const { look, broken } = stage();
    const checker = unreadableLockStays(look);
    const change = { writer: "n1", before: [], after: [], object: lockObject(holder("n1")) };
    checker.onLock?.({ ...change, previous: lockObject("{") });
    assert.deepEqual(broken(), ["what cannot be read is left alone"]);
    checker.onLock?.({ ...change, previous: lockObject({}) });
    checker.onLock?.({ ...change, object: lockObject("{"), previous: lockObject("{") });
    assert.deepEqual(broken(), []);
  });
});
