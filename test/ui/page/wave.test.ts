import assert from "node:assert/strict";
import { barOf, inFlight, lastWave, shortened, ticksOf } from "../../../daemon/ui/page/wave.ts";
import type { CycleTimes } from "../../../daemon/ui/wire.ts";
import { tile } from "./tiles.ts";

const zero = Date.parse("2026-11-02T02:00:00Z");
const at = (minutes: number) => new Date(zero + minutes * 60_000).toISOString();
const minute = (ms: number) => (ms - zero) / 60_000;
const node = (name: string, cycle: CycleTimes) => tile(name, { cycle });
const cycle = (from: number, end: number): CycleTimes => ({
  drainFrom: at(from),
  downFrom: at(from + 2),
  backAt: at(from + 3),
  endedAt: at(end),
  result: "rebooted",
});

function partsOf(cycleTimes: CycleTimes, now: number): string[] | undefined {
  const bar = barOf(node("a", cycleTimes), zero + now * 60_000);
  return bar?.parts.map(({ name, from, until }) => `${name} ${minute(from)}-${minute(until)}`);
}

describe("The bar of a node", () => {
  it("has drain, down and return one after the other", () =>
    assert.deepEqual(partsOf(cycle(0, 5), 60), ["drain 0-2", "down 2-3", "return 3-5"]));

  it("goes on until now while the cycle is under way", () =>
    assert.deepEqual(partsOf({ drainFrom: at(0), downFrom: at(4) }, 7), ["drain 0-4", "down 4-7"]));

  it("has a drain alone if the cycle ended before the reboot", () =>
    assert.deepEqual(partsOf({ drainFrom: at(0), endedAt: at(15) }, 60), ["drain 0-15"]));

  it("begins with the reboot if the drain is not known", () =>
    assert.deepEqual(partsOf({ downFrom: at(1), backAt: at(2), endedAt: at(3) }, 60), [
      "down 1-2",
      "return 2-3",
    ]));

  it("never goes backwards, whatever the clocks say", () => {
    const parts = barOf(
      node("a", { drainFrom: at(5), downFrom: at(3), backAt: at(9), endedAt: at(6) }),
      zero,
    )?.parts;
    for (const { from, until } of parts ?? []) assert.ok(from <= until);
    assert.deepEqual(partsOf({ drainFrom: at(10) }, 4), ["drain 10-10"]);
  });

  it("is none without a cycle, or with a text that is no time", () => {
    assert.equal(barOf(tile("a"), zero), undefined);
    assert.equal(partsOf({ drainFrom: "yesterday" }, 4), undefined);
  });
});

describe("The wave", () => {
  const now = zero + 200 * 60_000;

  it("is the last one: nodes with no long pause between them", () => {
    const nodes = [node("old", cycle(0, 5)), node("b", cycle(100, 106)), node("a", cycle(107, 112))];
    const wave = lastWave(nodes, now);
    assert.deepEqual(
      wave?.bars.map((bar) => bar.node),
      ["b", "a"],
    );
    assert.deepEqual([minute(wave?.from ?? 0), minute(wave?.until ?? 0)], [100, 112]);
    assert.equal(wave?.isUnderWay, false);
  });

  it("is under way as long as one node is", () => {
    const wave = lastWave([node("a", cycle(100, 106)), node("b", { drainFrom: at(110) })], now);
    assert.equal(wave?.isUnderWay, true);
    assert.equal(wave?.until, now);
  });

  it("is under way as long as a node holds its slot, also after the end of its cycle", () => {
    const settling = tile("a", { cycle: cycle(100, 106), phase: "Settling", holdsSlot: true });
    const wave = lastWave([settling], now);
    assert.equal(wave?.isUnderWay, true);
    assert.equal(wave?.until, now);
    assert.deepEqual(
      inFlight(wave?.bars ?? []).map((step) => step.count),
      [1],
    );
    assert.equal(minute(wave?.bars[0]?.until ?? 0), 106);
  });

  it("is none if no node has a cycle", () => assert.equal(lastWave([tile("a")], now), undefined));

  it("counts a slot that is released and acquired at the same time once", () => {
    const wave = lastWave(
      [node("a", cycle(0, 5)), node("b", cycle(5, 9)), node("c", { drainFrom: at(7) })],
      now,
    );
    const steps = inFlight(wave?.bars ?? []).map((step) => `${minute(step.at)}: ${step.count}`);
    assert.deepEqual(steps, ["0: 1", "5: 1", "7: 2", "9: 1"]);
  });
});

describe("The axis", () => {
  it("has round times, and no more than fit", () => {
    const { stepMs, at: times } = ticksOf(zero + 60_000, zero + 44 * 60_000, 5);
    assert.equal(stepMs, 10 * 60_000);
    assert.deepEqual(times.map(minute), [10, 20, 30, 40]);
  });

  it("is round in the zone of the person", () => {
    const { at: times } = ticksOf(zero, zero + 4 * 3_600_000, 5, 30 * 60_000);
    assert.deepEqual(times.map(minute), [30, 90, 150, 210]);
  });

  it("has whole days for a long wave, and never more times than fit", () => {
    const { stepMs, at: times } = ticksOf(zero, zero + 40 * 86_400_000, 8);
    assert.equal(stepMs % 86_400_000, 0);
    assert.ok(times.length <= 9);
    assert.ok(ticksOf(zero, zero, 5).at.length <= 6);
  });
});

describe("A name that is too long", () => {
  it("keeps its beginning and its end", () => {
    assert.equal(shortened("worker-1", 8), "worker-1");
    assert.equal(shortened("ip-10-0-12-99.internal", 11), "ip-10…ernal");
  });
});
