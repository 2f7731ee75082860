import assert from "node:assert/strict";
import { createServerClock } from "../../daemon/cluster/server-clock.ts";
import type { Clock } from "../../daemon/time/clock.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");

/** The server's time at noon, after these answers: by how much each is ahead, and how long it took; in seconds. */
function shows(...answers: { aheadS: number; tookS?: number }[]): string {
  const clock = { wall: () => noon, elapsed: () => 100_000 } as Clock;
  const server = createServerClock(clock);
  for (const { aheadS, tookS = 0 } of answers)
    server.observe(new Date(noon + aheadS * 1000).toUTCString(), 100_000 - tookS * 1000);
  return new Date(server.at(noon)).toISOString().slice(11, 21);
}

describe("The API server's clock, when this node's shows 12:00:00.0", () => {
  it("shows the same without answers, and with a difference below their precision", () => {
    assert.deepEqual([shows(), shows({ aheadS: 1 }), shows({ aheadS: -2 })], Array(3).fill("12:00:00.0"));
  });

  it("is ahead or behind by the last prompt answer", () => {
    assert.equal(shows({ aheadS: 90 }), "12:01:30.5");
    assert.equal(shows({ aheadS: 90 }, { aheadS: -60 }), "11:59:00.5");
    assert.equal(shows({ aheadS: 90 }, { aheadS: 85, tookS: 5 }), "12:01:30.5");
  });

  it("is not set by an invalid date", () => {
    const server = createServerClock({ wall: () => noon, elapsed: () => 0 } as Clock);
    for (const date of [undefined, "", "yesterday"]) server.observe(date, 0);
    assert.equal(server.at(noon), noon);
  });
});
