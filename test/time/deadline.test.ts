import assert from "node:assert/strict";
import type { Clock } from "../../daemon/time/clock.ts";
import { DeadlineError, withDeadline } from "../../daemon/time/deadline.ts";

/** A clock whose waits are ended by the test. */
function manualClock() {
  const waits = new Set<() => void>();
  const clock: Clock = {
    wall: () => 0,
    elapsed: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        waits.add(resolve);
        signal.addEventListener("abort", () => {
          waits.delete(resolve);
          reject(signal.reason);
        });
      }),
  };
  const ring = () => {
    for (const end of [...waits]) end();
  };
  return { clock, waits, ring };
}

describe("A wait with a deadline", () => {
  it("ends with its work, without a timer left", async () => {
    const { clock, waits } = manualClock();
    const { signal } = new AbortController();
    assert.equal(await withDeadline(clock, 1000, signal, "work", async () => 7), 7);
    assert.equal(waits.size, 0);
  });

  it("ends at the deadline, names the work, and aborts it", async () => {
    const { clock, ring } = manualClock();
    const { signal } = new AbortController();
    let given: AbortSignal | undefined;
    const waiting = withDeadline(clock, 1000, signal, "asking", (inner) => {
      given = inner;
      return new Promise(() => {});
    });
    ring();
    await assert.rejects(waiting, new DeadlineError("asking", 1000));
    assert.equal(given?.aborted, true);
  });

  it("ends with the reason of an abort", async () => {
    const { clock } = manualClock();
    const stop = new AbortController();
    const waiting = withDeadline(clock, 1000, stop.signal, "asking", () => new Promise(() => {}));
    stop.abort(new Error("called off"));
    await assert.rejects(waiting, /called off/);
  });

  it("does not begin after an abort", async () => {
    const { clock } = manualClock();
    await assert.rejects(
      withDeadline(clock, 1000, AbortSignal.abort(new Error("called off")), "asking", () =>
        assert.fail("begun"),
      ),
      /called off/,
    );
  });
});
