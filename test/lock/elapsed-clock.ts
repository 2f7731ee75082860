import assert from "node:assert/strict";
import type { Clock } from "../../daemon/time/clock.ts";

/** A clock for what goes by the time that has passed, and neither by the wall nor by waiting. */
export function elapsedClock(elapsed: () => number): Clock {
  return {
    wall: () => assert.fail("by no clock that may be set"),
    elapsed,
    sleep: () => assert.fail("nobody waits"),
  };
}
