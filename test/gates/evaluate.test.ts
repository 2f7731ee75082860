import assert from "node:assert/strict";
import { type Asked, createGateCheck } from "../../daemon/gates/evaluate.ts";
import type { Gate, GateAnswer, Stage } from "../../daemon/gates/gate.ts";
import type { Clock } from "../../daemon/time/clock.ts";
import { asked, gate, openAnswer, shutAnswer } from "./builders.ts";

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

const open = gate("open", async () => openAnswer);
const shut = (name: string, rest: Partial<Gate> = {}) => gate(name, async () => shutAnswer(name), rest);

function checkOf(gates: Gate[], clock = stoppedClock()) {
  const check = createGateCheck(gates, { clock, random: () => 0, recheckMs: minute, periodMs: 60 * minute });
  return (changes?: Partial<Asked>) => check(asked(changes), signal);
}

async function closedBy(gates: Gate[], changes?: Partial<Asked>): Promise<string[]> {
  return (await checkOf(gates)(changes)).closed.map((one) => one.gate);
}

describe("The gates together", () => {
  it("are open when each is, and report every closed one and the first change", async () => {
    assert.deepEqual(await checkOf([open, open])(), { closed: [], changesAt: 20 });
    assert.equal((await checkOf([open, shut("a")])()).changesAt, 10);
    const { closed } = await checkOf([shut("a"), open, shut("b")])();
    assert.deepEqual(
      closed.map((one) => `${one.gate}: ${one.message}`),
      ["a: a is shut", "b: b is shut"],
    );
  });

  it("report since when the last of them is open", async () => {
    const since = (openSince: number) => gate("since", async () => ({ ...openAnswer, openSince }));
    assert.equal((await checkOf([since(5), open, since(7), since(6)])()).openSince, 7);
    assert.equal((await checkOf([open])()).openSince, undefined);
  });

  it("are closed by one that cannot tell, with the cause, or that never answers", async () => {
    const broken = gate("broken", async () => {
      throw new Error("connection refused");
    });
    assert.deepEqual((await checkOf([broken])()).closed, [
      { gate: "broken", code: "cannot-tell", message: "cannot tell: connection refused" },
    ]);
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

  it("of the return are asked at each look, also while the lock is full", async () => {
    const messages = ["1", "2"];
    const answer = async () => ({ ...shutAnswer("back"), message: messages.shift() ?? "asked again" });
    const back = gate("back", answer, { stages: ["return"], cost: "remote" });
    const check = checkOf([back, shut("early")]);
    for (const expected of ["1", "2"]) {
      const { closed } = await check({ stage: "return", isLockFull: true });
      assert.deepEqual(
        closed.map(({ message }) => message),
        [expected],
      );
    }
  });

  it("are ignored by an urgent request if they allow it", async () => {
    const gates = [shut("strict"), shut("lenient", { urgentPasses: true })];
    assert.deepEqual(await closedBy(gates, { urgent: true }), ["strict"]);
    assert.deepEqual(await closedBy(gates), ["strict", "lenient"]);
  });

  it("report which of them are transient", async () => {
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

describe("A remote gate", () => {
  function counted(answers: GateAnswer[]) {
    let asks = 0;
    const remote = gate("remote", async () => answers[Math.min(asks++, answers.length - 1)] as GateAnswer, {
      cost: "remote",
    });
    return { remote, asks: () => asks };
  }

  it("is not asked again for a minute while the answer is no", async () => {
    const clock = stoppedClock();
    const { remote, asks } = counted([shutAnswer("remote")]);
    const check = checkOf([remote], clock);
    await check();
    clock.move(minute - 1);
    assert.equal((await check()).closed[0]?.message, "remote is shut");
    assert.equal(asks(), 1);
    clock.move(1);
    await check();
    assert.equal(asks(), 2);
  });

  it("is asked again each time while it is open", async () => {
    const { remote, asks } = counted([openAnswer, shutAnswer("remote")]);
    const check = checkOf([remote]);
    assert.equal((await check()).closed.length, 0);
    assert.equal((await check()).closed.length, 1);
    assert.equal(asks(), 2);
  });

  it("is asked once in a period while a local gate is closed anyway", async () => {
    const clock = stoppedClock();
    const { remote, asks } = counted([openAnswer]);
    const check = checkOf([shut("local"), remote], clock);
    await check();
    clock.move(60 * minute - 1);
    await check();
    assert.equal(asks(), 1);
    clock.move(1);
    await check();
    assert.equal(asks(), 2);
  });

  it("is not asked while others hold all slots, and is not remembered either", async () => {
    const { remote, asks } = counted([shutAnswer("remote")]);
    const check = checkOf([shut("local"), remote]);
    const closed = async (isLockFull: boolean) =>
      (await check({ isLockFull })).closed.map(({ gate }) => gate);
    assert.deepEqual(await closed(true), ["local"]);
    assert.equal(asks(), 0);
    assert.deepEqual(await closed(false), ["local", "remote"]);
    assert.deepEqual(await closed(true), ["local"]);
  });

  it("is not asked again at once either if it cannot tell", async () => {
    let asks = 0;
    const check = checkOf([
      gate(
        "remote",
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

describe("A gate of the slot", () => {
  let clock: ReturnType<typeof stoppedClock>;
  let asks: number;
  let answer: GateAnswer;
  let check: ReturnType<typeof checkOf>;

  function setUp(): void {
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
  }
  beforeEach(setUp);

  const closedAt = async (stage: Stage) => (await check({ stage })).closed.map((one) => one.gate);

  it("is asked for the slot, and at no other stage", async () => {
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

  /** The minutes for which each of so many answers is remembered. */
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

  it("is asked less and less often while its answer stays the same", async () => {
    assert.deepEqual(await pauses(6), [1, 2, 4, 8, 10, 10]);
    assert.equal(asks, 6);
  });

  it("is asked sooner again at the time that it has announced", async () => {
    const until = (time: number) => {
      answer = { ...shutAnswer("dear"), changesAt: time === 3 ? clock.wall() + 3 * minute : 0 };
    };
    assert.deepEqual(await pauses(5, until), [1, 2, 4, 3, 10]);
  });

  it("is no reason to look again at a time that has passed on one of the clocks", async () => {
    for (const [elapsedMs, wallMs] of [
      [minute / 2, minute / 2],
      [0, 10 * minute],
      [minute / 2, -10 * minute],
    ] as const) {
      setUp();
      const { wall } = clock;
      answer = { ...shutAnswer("dear"), changesAt: wall() + 10 };
      await check({ stage: "slot" });
      clock.move(elapsedMs);
      clock.wall = () => wall() + wallMs - elapsedMs;
      const { closed, changesAt } = await check({ stage: "start" });
      assert.deepEqual([closed.length, changesAt], [1, 20], "that is of the other gate, asked just now");
    }
  });

  it("is asked sooner again when its answer changes", async () => {
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

describe("A gate that is asked once for the slot", () => {
  let clock: ReturnType<typeof stoppedClock>;
  let asks: number;
  let look: (stage?: Stage) => Promise<unknown>;

  beforeEach(() => {
    clock = stoppedClock();
    asks = 0;
    const count = async () => {
      asks += 1;
      return openAnswer;
    };
    const rest = { cost: "remote", stages: ["slot", "drain"], isAskedOnceForSlot: true } as const;
    const check = checkOf([gate("dear", count, rest)], clock);
    look = (stage = "slot") => check({ stage });
  });

  it("is not asked again once it is held, within a second", async () => {
    await look();
    clock.move(999);
    await look();
    assert.equal(asks, 1);
    clock.move(1);
    await look();
    assert.equal(asks, 2);
  });

  it("is asked again at a later stage, and by a machine that was suspended meanwhile", async () => {
    await look();
    await look("drain");
    assert.equal(asks, 2);
    const { wall } = clock;
    clock.wall = () => wall() + minute;
    await look();
    assert.equal(asks, 3);
  });
});
