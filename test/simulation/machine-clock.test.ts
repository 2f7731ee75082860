import assert from "node:assert/strict";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { createMachineClock } from "./machine-clock.ts";

const { signal } = new AbortController();

describe("The clock of a machine", () => {
  const start = Date.parse("2026-11-24T12:00:00Z");

  function twoClocks(skewMs = 0) {
    const time = createVirtualTime(start);
    return { time, clock: createMachineClock(time.clock, skewMs) };
  }

  it("is off by as much as it is told, and goes on measuring what has passed", async () => {
    const { time, clock } = twoClocks(5000);
    const began = clock.elapsed();
    clock.step(-3_600_000);
    await time.pass(1000);
    assert.equal(clock.wall(), start + 5000 - 3_600_000 + 1000);
    assert.equal(clock.elapsed() - began, 1000);
    assert.deepEqual(clock.offsetsMs(2000), [5000 - 3_600_000, 5000]);
    assert.deepEqual(clock.offsetsMs(500), [5000 - 3_600_000]);
  });

  it("ends a wait after its time, whatever its hands are set to meanwhile", async () => {
    const { time, clock } = twoClocks();
    let isOver = false;
    void clock.sleep(10_000, signal).then(() => {
      isOver = true;
    });
    clock.step(3_600_000);
    await time.pass(9999);
    assert.ok(!isOver);
    await time.pass(1);
    assert.ok(isOver);
  });

  it("stands still while the machine is paused, and a wait lasts so much longer", async () => {
    const { time, clock } = twoClocks();
    let isOver = false;
    void clock.sleep(10_000, signal).then(() => {
      isOver = true;
    });
    await time.pass(4000);
    clock.suspend();
    await time.pass(60_000);
    assert.equal(clock.elapsed(), 4000);
    assert.equal(clock.resume(), 60_000);
    assert.equal(clock.wall(), start + 4000, "it is behind until somebody sets it");
    await time.pass(5999);
    assert.ok(!isOver);
    await time.pass(1);
    assert.ok(isOver);
  });
});
