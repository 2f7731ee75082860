import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { type Clock, systemClock } from "../../daemon/time/clock.ts";
import { DeadlineError, withDeadline } from "../../daemon/time/deadline.ts";
import { linked } from "../../daemon/time/linked.ts";

/** A clock whose waits end when the test says so. */
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
  it("ends with its work, and leaves no timer behind", async () => {
    const { clock, waits } = manualClock();
    const { signal } = new AbortController();
    assert.equal(await withDeadline(clock, 1000, signal, "work", async () => 7), 7);
    assert.equal(waits.size, 0);
  });

  it("ends at the deadline, names what was awaited, and tells the work", async () => {
    const { clock, ring } = manualClock();
    const { signal } = new AbortController();
    let told: AbortSignal | undefined;
    const waiting = withDeadline(clock, 1000, signal, "asking", (inner) => {
      told = inner;
      return new Promise(() => {});
    });
    ring();
    await assert.rejects(waiting, new DeadlineError("asking", 1000));
    assert.equal(told?.aborted, true);
  });

  it("ends when it is called off, with that reason", async () => {
    const { clock } = manualClock();
    const stop = new AbortController();
    const waiting = withDeadline(clock, 1000, stop.signal, "asking", () => new Promise(() => {}));
    stop.abort(new Error("called off"));
    await assert.rejects(waiting, /called off/);
  });

  it("does not begin when it was called off before", async () => {
    const { clock } = manualClock();
    await assert.rejects(
      withDeadline(clock, 1000, AbortSignal.abort(new Error("called off")), "asking", () =>
        assert.fail("begun"),
      ),
      /called off/,
    );
  });
});

describe("The system clock", () => {
  it("ends a sleep that is called off", async () => {
    const stop = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, stop.signal);
    stop.abort(new Error("called off"));
    await assert.rejects(sleeping, /called off/);
  });
});

describe("Work that can be ended before the signal that it is within", () => {
  it("is ended by that signal, with its reason, also when that was aborted before", () => {
    const outer = new AbortController();
    const { signal } = linked(outer.signal);
    outer.abort("enough");
    assert.equal(signal.reason, "enough");
    assert.equal(linked(outer.signal).signal.reason, "enough");
  });

  it("is ended by itself, and leaves nothing with that signal", () => {
    const outer = new AbortController();
    const { signal, end } = linked(outer.signal);
    end("done");
    assert.deepEqual([signal.reason, outer.signal.aborted], ["done", false]);
    assert.equal(getEventListeners(outer.signal, "abort").length, 0);
  });
});
