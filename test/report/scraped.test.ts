import assert from "node:assert/strict";
import { createMetrics } from "../../daemon/report/metrics.ts";
import { scrapedGauges } from "../../daemon/report/scraped.ts";

const noon = Date.parse("2026-11-24T12:00:00.000Z");
const calendar = {
  windows: [{ cron: "0 11 * * *", durationMs: 2 * 3_600_000, zone: "UTC" }],
  blackouts: [],
  zone: "UTC",
};

describe("The metrics that time alone changes", () => {
  it("are made when they are read", async () => {
    let now = noon;
    const gauges = scrapedGauges({
      schedule: calendar,
      now: () => now,
      uptimeSeconds: () => 3600,
      isPaused: (at) => at < noon + 1000,
      silenceCount: () => 0,
      pendingCount: () => 0,
    });
    const { registry } = createMetrics("n1", "1.2.3", gauges);
    const read = async () =>
      [...(await registry.metrics()).matchAll(/^rebootd_(?:window|paused|node_boot).*\} (.*)$/gm)].map(
        ([, value]) => Number(value),
      );
    const hour = 3600;
    const start = noon / 1000;
    assert.deepEqual(await read(), [1, 1, start + 23 * hour, start + hour, start - hour]);
    now = noon + hour * 1000;
    assert.deepEqual(await read(), [0, 0, start + 23 * hour, start + 25 * hour, start]);
  });
});

describe("The start of the machine", () => {
  const started = (uptimes: readonly number[], at = () => noon) => {
    const left = [...uptimes];
    const { nodeBoot } = scrapedGauges({
      schedule: calendar,
      now: at,
      uptimeSeconds: () => left.shift() ?? 0,
      isPaused: () => false,
      silenceCount: () => 0,
      pendingCount: () => 0,
    });
    return uptimes.map(() => nodeBoot() - noon / 1000);
  };

  it("does not change with the fractions of a second of two clocks, but with a clock that is set", () => {
    assert.deepEqual(started([99.4, 99.6, 100.4, 98.7, 41.2]), [-99, -99, -99, -99, -41]);
  });

  it("is NaN where it is not known", () => {
    const { nodeBoot } = scrapedGauges({
      schedule: calendar,
      now: () => noon,
      uptimeSeconds: undefined,
      isPaused: () => false,
      silenceCount: () => 0,
      pendingCount: () => 0,
    });
    assert.ok(Number.isNaN(nodeBoot()));
  });
});
