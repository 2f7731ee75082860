import assert from "node:assert/strict";
import { createGateCheck } from "../../../daemon/gates/evaluate.ts";
import type { Stage, WatchOpening } from "../../../daemon/gates/gate.ts";
import { createVirtualTime } from "../../kubernetes/virtual-time.ts";
import { asked, gate, openAnswer, shutAnswer } from "../builders.ts";

const { signal } = new AbortController();
const minute = 60_000;

describe("A gate of the slot that can be watched", () => {
  let time: ReturnType<typeof createVirtualTime>;
  let asks: number;
  let openings: number;
  let report: (isOpen: boolean) => void;
  let watches: AbortSignal[];
  let cannotWatch: boolean;
  let isHeldLocally: boolean;
  let changesAt: number | undefined;
  let check: (stage: Stage, isWatched?: boolean) => Promise<readonly string[]>;

  beforeEach(() => {
    time = createVirtualTime(0);
    [asks, openings, watches, cannotWatch, isHeldLocally, changesAt] = [0, 0, [], false, false, undefined];
    const watch: WatchOpening = {
      nodesMost: 1,
      async follow(notify, signal) {
        report = notify;
        watches.push(signal);
        if (cannotWatch) return;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    };
    const dear = gate(
      "dear",
      async () => {
        asks += 1;
        return {
          open: false,
          code: "active",
          message: "dear is shut",
          watch,
          ...(changesAt && { changesAt }),
        };
      },
      { cost: "remote", stages: ["slot"] },
    );
    const local = gate("local", async () => (isHeldLocally ? shutAnswer("local") : openAnswer), {
      stages: ["slot"],
    });
    const { clock } = time;
    const ask = createGateCheck([local, dear], {
      clock,
      random: () => 0.5,
      recheckMs: minute,
      periodMs: minute / 2,
    });
    check = async (stage, isWatched = true) => {
      const { closed } = await ask(asked({ stage }), signal, isWatched ? () => openings++ : undefined);
      return closed.map((one) => one.gate);
    };
  });

  const isRemembered = async () => (await check("start")).length > 0;

  /** The minutes for which each of so many answers is remembered. */
  async function pauses(times: number, isWatched = true): Promise<number[]> {
    const found: number[] = [];
    for (let round = 0; round < times; round += 1) {
      await check("slot", isWatched);
      let minutes = 0;
      while (await isRemembered()) {
        await time.pass(minute);
        minutes += 1;
      }
      found.push(minutes);
    }
    return found;
  }

  it("is asked again once it has been open for a moment", async () => {
    await check("slot");
    await time.pass(3 * minute);
    report(false);
    assert.ok(await isRemembered());
    report(true);
    await time.pass(500);
    assert.equal(openings, 1);
    assert.ok(!(await isRemembered()));
    assert.ok(watches[0]?.aborted);
  });

  it("is not asked again if it closes within that moment", async () => {
    await check("slot");
    report(true);
    await time.pass(50);
    report(false);
    await time.pass(minute);
    assert.equal(openings, 0);
    assert.ok(await isRemembered());
  });

  it("is asked rarely without an opening: after 5 minutes, 10, 20", async () => {
    assert.deepEqual(await pauses(4), [5, 10, 20, 20]);
    assert.equal(openings, 0);
  });

  it("is watched no longer than it is remembered, and by one watch at a time", async () => {
    await pauses(3);
    assert.equal(watches.length, 3);
    assert.ok(watches.every(({ aborted }) => aborted));
  });

  it("is not asked more often while a local gate is closed too, whatever the period", async () => {
    isHeldLocally = true;
    for (let minutes = 0; minutes < 15; minutes += 1) {
      await check("slot");
      await time.pass(minute);
    }
    assert.equal(asks, 2);
    assert.equal(watches.filter(({ aborted }) => !aborted).length, 0);
  });

  it("is watched by one watch at a time, also if it announces its next answer", async () => {
    changesAt = time.clock.wall() + 2 * minute;
    await check("slot");
    await time.pass(2 * minute);
    await check("slot");
    assert.deepEqual([asks, watches.map(({ aborted }) => aborted)], [2, [true, false]]);
  });

  it("is asked like any other gate if nothing listens", async () => {
    assert.deepEqual(await pauses(3, false), [1, 2, 4]);
    assert.equal(watches.length, 0);
  });

  it("is asked like any other gate if the watch ends", async () => {
    cannotWatch = true;
    assert.deepEqual(await pauses(3), [1, 2, 4]);
    assert.equal(openings, 0);
  });

  it("is asked less and less often if it seems to open and is closed all the same", async () => {
    const perHour: number[] = [];
    for (let hour = 0; hour < 3; hour += 1) {
      const before = asks;
      for (let seconds = 0; seconds < 3600; seconds += 1) {
        if (!(await isRemembered())) await check("slot");
        report(true);
        await time.pass(1000);
      }
      perHour.push(asks - before);
    }
    assert.ok(perHour[0] !== undefined && perHour[0] <= 20, `${perHour} in each hour`);
    assert.ok(perHour[2] !== undefined && perHour[2] <= 12, `${perHour} in each hour`);
  });
});
