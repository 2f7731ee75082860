import assert from "node:assert/strict";
import { systemClock } from "../../daemon/time/clock.ts";

describe("The system clock", () => {
  it("ends a sleep on an abort", async () => {
    const stop = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, stop.signal);
    stop.abort(new Error("called off"));
    await assert.rejects(sleeping, /called off/);
  });
});
