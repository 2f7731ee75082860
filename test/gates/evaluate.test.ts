import assert from "node:assert/strict";
import { type Asked, createGateCheck } from "../../daemon/gates/evaluate.ts";
import type { Gate, GateAnswer, Stage, WatchOpening } from "../../daemon/gates/gate.ts";
import type { AskedGate } from "../../daemon/gates/reasons.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { context } from "./context.ts";

const { signal } = new AbortController();
const minute = 60_000;

/** Time stands still until the test moves it or ends the waits. */
function stoppedClock(): Clock & { passDeadlines(): void; move(ms: number): void } {
  const waits: (() => void)[] = [];
  let now = 0;
  return {
    wall: () => now,
    elapsed: () => now,
    sleep: () => new Promise((resolve) => waits.push(resolve)),
    move: (ms) => {
      now += ms;
    },
    passDeadlines: () => {
      for (const end of waits) end();
    },
  };
}

/** Names that say what the gates of these tests are for. */
function gate(name: string, check: Gate["check"], rest: Partial<Gate> = {}): Gate {
  return { name: name as AskedGate, stages: ["start"], cost: "local", check, ...rest };
}

const openAnswer: GateAnswer = { open: true, changesAt: 20 };
const shutAnswer = (name: string): GateAnswer => ({
  open: false,
  code: "active",
  message: `${name} is shut`,
  changesAt: 10,
});
const open = gate("open", async () => openAnswer);
const shut = (name: string, rest: Partial<Gate> = {}) => gate(name, async () => shutAnswer(name), rest);

function asked(changes: Partial<Asked> = {}): Asked {
  const { now, ...rest } = context(0);
  return { ...rest, urgent: false, isLockFull: false, ...changes };
}

function checkOf(gates: Gate[], clock = stoppedClock()) {
  const check = createGateCheck(gates, { clock, random: () => 0, recheckMs: minute, periodMs: 60 * minute });
  return (changes?: Partial<Asked>) => check(asked(changes), signal);
}

async function closedBy(gates: Gate[], changes?: Partial<Asked>): Promise<string[]> {
  return (await checkOf(gates)(changes)).closed.map((one) => one.gate);
}

describe("The gates together", () => {
  it("are open when each is", async () => {
    assert.deepEqual(await checkOf([open, open])(), { closed: [], changesAt: 20 });
  });

  it("report every closed one, not just the first", async () => {
    const { closed } = await checkOf([shut("a"), open, shut("b")])();
    assert.deepEqual(
      closed.map((one) => `${one.gate}: ${one.message}`),
      ["a: a is shut", "b: b is shut"],
    );
  });

  it("change when the first of them does", async () => {
    assert.equal((await checkOf([open, shut("a")])()).changesAt, 10);
  });

  it("are closed by one that cannot tell, with the cause", async () => {
    const broken = gate("broken", async () => {
      throw new Error("connection refused");
    });
    assert.deepEqual((await checkOf([broken])()).closed, [
      { gate: "broken", code: "cannot-tell", message: "cannot tell: connection refused" },
    ]);
  });

  it("are closed by one that never answers", async () => {
    const clock = stoppedClock();
    const answer = checkOf([gate("silent", () => new Promise(() => {}))], clock)();
    clock.passDeadlines();
    assert.equal((await answer).closed[0]?.code, "no-answer");
  });

  it("are asked only at their stages", async () => {
    const gates = [
      shut("early"),
      shut("late", { stages: ["reboot"] }),
      shut("all", { stages: ["start", "reboot"] }),
    ];
    assert.deepEqual(await closedBy(gates), ["early", "all"]);
    assert.deepEqual(await closedBy(gates, { stage: "reboot" }), ["late", "all"]);
  });

  it("are passed by an urgent need where they let it", async () => {
    const gates = [shut("strict"), shut("lenient", { urgentPasses: true })];
    assert.deepEqual(await closedBy(gates, { urgent: true }), ["strict"]);
    assert.deepEqual(await closedBy(gates), ["strict", "lenient"]);
  });

  it("say which of them will soon be open again", async () => {
    const { closed } = await checkOf([shut("soon", { isTransient: true }), shut("later")])();
    assert.deepEqual(
      closed.map(({ gate, isTransient }) => [gate, isTransient]),
      [
        ["soon", true],
        ["later", undefined],
      ],
    );
  });
});

describe("What gates ask afar", () => {
  function counted(answers: GateAnswer[]) {
    let asks = 0;
    const afar = gate("afar", async () => answers[Math.min(asks++, answers.length - 1)] as GateAnswer, {
      cost: "remote",
    });
    return { afar, asks: () => asks };
  }

  it("is not asked again for a minute while the answer is no", async () => {
    const clock = stoppedClock();
    const { afar, asks } = counted([shutAnswer("afar")]);
    const check = checkOf([afar], clock);
    await check();
    clock.move(minute - 1);
    assert.equal((await check()).closed[0]?.message, "afar is shut");
    assert.equal(asks(), 1);
    clock.move(1);
    await check();
    assert.equal(asks(), 2);
  });

  it("is asked anew each time before the way is opened", async () => {
    const { afar, asks } = counted([openAnswer, shutAnswer("afar")]);
    const check = checkOf([afar]);
    assert.equal((await check()).closed.length, 0);
    assert.equal((await check()).closed.length, 1);
    assert.equal(asks(), 2);
  });

  it("is asked once in a period while something here holds the node back anyway", async () => {
    const clock = stoppedClock();
    const { afar, asks } = counted([openAnswer]);
    const check = checkOf([shut("here"), afar], clock);
    await check();
    clock.move(60 * minute - 1);
    await check();
    assert.equal(asks(), 1);
    clock.move(1);
    await check();
    assert.equal(asks(), 2);
  });

  it("is not asked while others hold all slots, and is not remembered either", async () => {
    const { afar, asks } = counted([shutAnswer("afar")]);
    const check = checkOf([shut("here"), afar]);
    const closed = async (isLockFull: boolean) =>
      (await check({ isLockFull })).closed.map(({ gate }) => gate);
    assert.deepEqual(await closed(true), ["here"]);
    assert.equal(asks(), 0);
    assert.deepEqual(await closed(false), ["here", "afar"]);
    assert.deepEqual(await closed(true), ["here"]);
  });

  it("is kept when it could not be asked, too", async () => {
    let asks = 0;
    const check = checkOf([
      gate(
        "afar",
        async () => {
          asks += 1;
          throw new Error("refused");
        },
        { cost: "remote" },
      ),
    ]);
    await check();
    assert.equal((await check()).closed[0]?.code, "cannot-tell");
    assert.equal(asks, 1);
  });
});

describe("What a gate asks for the slot", () => {
  let clock: ReturnType<typeof stoppedClock>;
  let asks: number;
  let answer: GateAnswer;
  let check: ReturnType<typeof checkOf>;

  beforeEach(() => {
    clock = stoppedClock();
    asks = 0;
    answer = shutAnswer("dear");
    const dear = gate(
      "dear",
      async () => {
        asks += 1;
        return answer;
      },
      { cost: "remote", stages: ["slot"] },
    );
    check = checkOf([open, dear], clock);
  });

  const closedAt = async (stage: Stage) => (await check({ stage })).closed.map((one) => one.gate);

  it("is asked with the slot at hand, and at no other stage", async () => {
    for (const stage of ["start", "drain", "reboot"] as const) assert.deepEqual(await closedAt(stage), []);
    assert.equal(asks, 0);
    assert.deepEqual(await closedAt("slot"), ["dear"]);
    assert.equal(asks, 1);
  });

  it("is remembered at the start while it is closed, but at no later stage, and not asked there", async () => {
    await closedAt("slot");
    clock.move(minute - 1);
    assert.deepEqual(await closedAt("start"), ["dear"]);
    assert.deepEqual(await closedAt("drain"), []);
    clock.move(1);
    assert.deepEqual(await closedAt("start"), []);
    assert.equal(asks, 1);
  });

  it("is forgotten when it was open", async () => {
    answer = openAnswer;
    await closedAt("slot");
    assert.deepEqual(await closedAt("start"), []);
    answer = shutAnswer("dear");
    assert.deepEqual(await closedAt("slot"), ["dear"]);
  });

  /** After how many minutes each it is no longer remembered, so often. */
  async function pauses(times: number, prepare: (time: number) => void = () => {}): Promise<number[]> {
    const found: number[] = [];
    for (let time = 0; time < times; time += 1) {
      prepare(time);
      await closedAt("slot");
      let minutes = 0;
      while ((await closedAt("start")).length > 0) {
        clock.move(minute);
        minutes += 1;
      }
      found.push(minutes);
    }
    return found;
  }

  it("is asked less and less often while it says the same", async () => {
    assert.deepEqual(await pauses(6), [1, 2, 4, 8, 10, 10]);
    assert.equal(asks, 6);
  });

  it("is asked sooner again when it has said itself that it is another one from then on", async () => {
    const until = (time: number) => {
      answer = { ...shutAnswer("dear"), changesAt: time === 3 ? clock.wall() + 3 * minute : 0 };
    };
    assert.deepEqual(await pauses(5, until), [1, 2, 4, 3, 10]);
  });

  it("is no reason to look again for a moment that has passed", async () => {
    await check({ stage: "slot" });
    clock.move(minute / 2);
    const { closed, changesAt } = await check({ stage: "start" });
    assert.deepEqual([closed.length, changesAt], [1, 20], "that is of the other gate, asked just now");
  });

  it("is no reason to look again for a moment that a machine has slept through", async () => {
    const { wall } = clock;
    answer = { ...shutAnswer("dear"), changesAt: wall() + 10 };
    await check({ stage: "slot" });
    clock.wall = () => wall() + 10 * minute;
    const { closed, changesAt } = await check({ stage: "start" });
    assert.deepEqual([closed.length, changesAt], [1, 20], "that is of the other gate, asked just now");
  });

  it("is asked sooner again when it says something else", async () => {
    const other = (time: number) => {
      if (time === 3) answer = shutAnswer("another reason");
    };
    assert.deepEqual(await pauses(5, other), [1, 2, 4, 1, 2]);
  });

  it("is asked sooner again when it was open in between", async () => {
    const reopen = (time: number) => {
      answer = time === 2 ? openAnswer : shutAnswer("dear");
    };
    assert.deepEqual(await pauses(4, reopen), [1, 2, 0, 1]);
  });
});

describe("What a gate asks for the slot, where it can be watched", () => {
  let time: ReturnType<typeof createVirtualTime>;
  let asks: number;
  let openings: number;
  let tell: (isOpen: boolean) => void;
  let watches: AbortSignal[];
  let cannotWatch: boolean;
  let isHeldHere: boolean;
  let changesAt: number | undefined;
  let check: (stage: Stage, isWatched?: boolean) => Promise<readonly string[]>;

  beforeEach(() => {
    time = createVirtualTime(0);
    [asks, openings, watches, cannotWatch, isHeldHere, changesAt] = [0, 0, [], false, false, undefined];
    const watch: WatchOpening = {
      nodesMost: 1,
      async follow(told, signal) {
        tell = told;
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
    const here = gate("here", async () => (isHeldHere ? shutAnswer("here") : openAnswer), {
      stages: ["slot"],
    });
    const { clock } = time;
    const ask = createGateCheck([here, dear], {
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

  /** After how many minutes each it is no longer remembered, so often. */
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

  it("is worth another look once it has been open for a moment", async () => {
    await check("slot");
    await time.pass(3 * minute);
    tell(false);
    assert.ok(await isRemembered());
    tell(true);
    await time.pass(500);
    assert.equal(openings, 1);
    assert.ok(!(await isRemembered()));
    assert.ok(watches[0]?.aborted);
  });

  it("is not where it has closed again within that moment", async () => {
    await check("slot");
    tell(true);
    await time.pass(50);
    tell(false);
    await time.pass(minute);
    assert.equal(openings, 0);
    assert.ok(await isRemembered());
  });

  it("is asked rarely by time: after 5 minutes, 10, 20", async () => {
    assert.deepEqual(await pauses(4), [5, 10, 20, 20]);
    assert.equal(openings, 0);
  });

  it("is watched no longer than it is remembered, and by one watch at a time", async () => {
    await pauses(3);
    assert.equal(watches.length, 3);
    assert.ok(watches.every(({ aborted }) => aborted));
  });

  it("is not asked more often where something here holds the node back as well, and the period is short", async () => {
    isHeldHere = true;
    for (let minutes = 0; minutes < 15; minutes += 1) {
      await check("slot");
      await time.pass(minute);
    }
    assert.equal(asks, 2);
    assert.equal(watches.filter(({ aborted }) => !aborted).length, 0);
  });

  it("is watched by one watch at a time, also where it says itself when to ask again", async () => {
    changesAt = time.clock.wall() + 2 * minute;
    await check("slot");
    await time.pass(2 * minute);
    await check("slot");
    assert.deepEqual([asks, watches.map(({ aborted }) => aborted)], [2, [true, false]]);
  });

  it("is asked by time as any other where nobody listens", async () => {
    assert.deepEqual(await pauses(3, false), [1, 2, 4]);
    assert.equal(watches.length, 0);
  });

  it("is asked by time as any other where it cannot be watched after all", async () => {
    cannotWatch = true;
    assert.deepEqual(await pauses(3), [1, 2, 4]);
    assert.equal(openings, 0);
  });

  it("is looked at less and less often where it seems to open and is closed all the same", async () => {
    const perHour: number[] = [];
    for (let hour = 0; hour < 3; hour += 1) {
      const before = asks;
      for (let seconds = 0; seconds < 3600; seconds += 1) {
        if (!(await isRemembered())) await check("slot");
        tell(true);
        await time.pass(1000);
      }
      perHour.push(asks - before);
    }
    assert.ok(perHour[0] !== undefined && perHour[0] <= 20, `${perHour} in each hour`);
    assert.ok(perHour[2] !== undefined && perHour[2] <= 12, `${perHour} in each hour`);
  });
});
