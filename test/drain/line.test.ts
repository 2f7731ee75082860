import assert from "node:assert/strict";
import { createLine, type Line } from "../../daemon/drain/line.ts";
import { createVirtualTime, type VirtualTime } from "../simulation/virtual-time.ts";

const { signal } = new AbortController();
const never = Number.POSITIVE_INFINITY;

let time: VirtualTime;
let line: Line;

/** Pods that fail at each try, until the server works again: when each was tried, in seconds. */
function failingPods(
  count: number,
  isMended = () => false,
  times = { atLeastMs: 0, until: never },
): number[] {
  const tries: number[] = [];
  const run = async () => {
    line.failed(false);
    for (;;) {
      await line.wait(times, signal);
      tries.push(time.clock.elapsed() / 1000);
      if (isMended()) return line.mended();
      line.failed(true);
    }
  };
  for (let pod = 0; pod < count; pod += 1) void run();
  return tries;
}

describe("A line of pods that the server has failed for", () => {
  beforeEach(() => {
    time = createVirtualTime(0);
    line = createLine({ clock: time.clock, random: () => 0 });
  });

  it("asks for one at a time, after 1 s, doubling to 2 min, however many they are", async () => {
    const tries = failingPods(100);
    await time.pass(10 * 60_000);
    const pauses = tries.map((at, index) => at - (tries[index - 1] ?? 0));
    assert.ok(tries.length <= 12, `${tries}`);
    assert.ok(pauses.every((pause) => pause <= 120) && pauses.at(-1) === 120, `${pauses}`);
  });

  it("lets all go at once when the server works again for one", async () => {
    let isMended = false;
    const tries = failingPods(100, () => isMended);
    await time.pass(60_000);
    const before = tries.length;
    isMended = true;
    await time.pass(2 * 60_000);
    assert.equal(tries.length - before, 100);
    assert.equal(new Set(tries.slice(before)).size, 1);
  });

  it("heeds what the server asks to wait", async () => {
    const tries = failingPods(1, () => true, { atLeastMs: 7000, until: never });
    await time.pass(60_000);
    assert.deepEqual(tries, [7]);
  });

  it("is left when the pod is to be deleted", async () => {
    const tries: number[] = [];
    line.failed(false);
    for (let pod = 0; pod < 3; pod += 1) {
      void line.wait({ atLeastMs: 60_000, until: 5000 }, signal).then(() => tries.push(time.clock.elapsed()));
    }
    await time.pass(10_000);
    assert.deepEqual(tries, [5000, 5000, 5000]);
  });

  it("ends with the drain", async () => {
    const over = new AbortController();
    line.failed(false);
    const waits = line.wait({ atLeastMs: 60_000, until: never }, over.signal);
    over.abort(new Error("the drain is over"));
    await assert.rejects(waits, /the drain is over/);
  });
});
