import assert from "node:assert/strict";
import { prometheusGates } from "../../../daemon/compose/gates.ts";
import { parseSettings } from "../../../daemon/config/settings.ts";
import { alert, signal, vector } from "../../prometheus/servers.ts";
import { context } from "../builders.ts";

const minute = 60_000;
const hour = 60 * minute;
const noon = Date.parse("2026-11-24T12:00:00Z");

describe("The clocks of a node and of its Prometheus", () => {
  let elapsed: number;
  let said: string[];

  beforeEach(() => {
    elapsed = 0;
    said = [];
  });

  /** Asks both servers, whose clocks show noon, by a node whose clock is ahead by so much. */
  function askerWith(aheadMs: number) {
    const settings = parseSettings({
      "node-id": "n1",
      "prometheus-url": "http://prometheus:9090",
      "alertmanager-url": "http://alertmanager:9093",
    });
    const [gate] = prometheusGates(settings, {
      clock: { wall: () => noon + aheadMs, elapsed: () => elapsed, sleep: () => new Promise(() => {}) },
      post: async (url, ...rest) => {
        const answer = url.includes("alertmanager")
          ? { status: 200, text: "[]" }
          : await vector(alert("DiskFull"))(url, ...rest);
        return { ...answer, date: noon };
      },
      instance: "rebootd-x7k2p",
      warn: (what) => said.push(what),
    });
    return async () => await gate?.check(context(noon + aheadMs), signal);
  }

  it("are said to differ once a day, of each server, and the alerts are seen all the same", async () => {
    const ask = askerWith(2 * hour);
    for (let hours = 0; hours <= 24; hours += 1) {
      elapsed = hours * hour;
      assert.equal((await ask())?.open, false);
      if (hours === 23) assert.equal(said.length, 2);
    }
    assert.equal(said.length, 4);
    assert.equal(
      said[0],
      "the clock of this node is 120 minutes ahead of that of Prometheus at http://prometheus:9090; windows, blackouts and pauses go by this node's",
    );
    assert.match(said[1] ?? "", / ahead of that of Alertmanager at /);
  });

  it("may differ the other way", async () => {
    await askerWith(-3 * minute)();
    assert.match(said[0] ?? "", /^the clock of this node is 3 minutes behind that of Prometheus/);
  });

  for (const aheadMs of [0, 90_000, -90_000]) {
    it(`are not said to differ by ${aheadMs / 1000} s`, async () => {
      await askerWith(aheadMs)();
      assert.deepEqual(said, []);
    });
  }
});
