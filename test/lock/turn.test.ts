import assert from "node:assert/strict";
import type { LockFacts } from "../../daemon/lock/facts.ts";
import type { Holder } from "../../daemon/lock/lock.ts";
import type { LockRefusal, RefusalCode } from "../../daemon/lock/refusal.ts";
import type { LockStore } from "../../daemon/lock/store.ts";
import { createTurn, type Turn } from "../../daemon/lock/turn.ts";
import { createVirtualTime, type VirtualTime } from "../kubernetes/virtual-time.ts";
import { free } from "./builders.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const minute = 60_000;
const waiting = { identity: { name: "me" }, labels: {}, neededSince: "2026-11-24T11:00:00Z" };

function refusedFor(code: RefusalCode, more: Partial<LockRefusal> = {}): LockFacts {
  return { ...free, refusal: { gate: "lock", code, message: code, ...more } };
}
function takenBy(...names: string[]): LockFacts {
  const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken", by: names } as const;
  return { ...free, refusal, holders: names.map((nodeID) => ({ nodeID, created: "2026-11-24T11:59:00Z" })) };
}

let time: VirtualTime;
let turn: Turn;
let due: number;
let news: number;
let show: (facts: LockFacts) => void;
let breakWatch: () => void;
let watches: number;
let lookedAfter: string[][];
let clusterSize: () => Promise<number>;

describe("A node that waits for its turn", () => {
  function start(): void {
    time = createVirtualTime(noon);
    due = 0;
    news = 0;
    watches = 0;
    lookedAfter = [];
    clusterSize = async () => 10;
    const lock: Pick<LockStore, "clusterSize" | "watch" | "removeOrphans" | "lookAtHolder"> = {
      clusterSize: () => clusterSize(),
      watch: async (_, onFacts, onBreak, signal) => {
        show = onFacts;
        breakWatch = () => onBreak(new Error("cut"));
        watches += 1;
        signal.addEventListener("abort", () => {
          watches -= 1;
        });
      },
      lookAtHolder: async () => undefined,
      removeOrphans: async (_, holders: readonly Holder[]) => {
        lookedAfter.push(holders.map(({ nodeID }) => nodeID));
        return [];
      },
    };
    turn = createTurn({
      clock: time.clock,
      trustMs: 60 * minute,
      random: () => 0.5,
      lock: lock as LockStore,
      onDue: () => {
        due += 1;
      },
      onNews: () => {
        news += 1;
      },
      onOrphans: () => {},
      overdueMs: 3_600_000,
      tellsOverdue: () => false,
      onOverdue: () => {},
      onError: (what, error) => assert.fail(`${what}: ${error}`),
    });
  }
  beforeEach(start);

  describe("among thousands, with so many holders that each change would be sent to all of them,", () => {
    const many = Array.from({ length: 250 }, (_, number) => `n${number}`);
    const wait = async (more: object = {}) => {
      clusterSize = async () => 5000;
      turn.follow({ ...waiting, ...more }, takenBy(...many), time.clock.elapsed());
      await time.pass(0);
    };

    it("does not watch the lock, and reads it again after 50 s", async () => {
      await wait();
      assert.equal(watches, 0);
      assert.equal(turn.trustedMs(), 50_000);
      assert.equal(turn.refused()?.refusal?.code, "lock-taken");
      await time.pass(minute + 1000);
      assert.equal(turn.refused(), undefined);
      assert.equal(turn.trustedMs(), 0);
    });

    it("reads it again as soon after each read, whatever it has believed before", async () => {
      await wait();
      await time.pass(30_000);
      turn.follow(waiting, takenBy(...many), time.clock.elapsed());
      assert.equal(turn.trustedMs(), 50_000);
      assert.equal(watches, 0);
    });

    it("watches it as soon as there are few holders, and no longer once there are many again", async () => {
      await wait();
      turn.follow(waiting, takenBy("n1"), time.clock.elapsed());
      assert.equal(watches, 1);
      await wait();
      assert.equal(watches, 0);
      turn.stop();
    });

    it("watches it where few are left before the number of nodes is known", async () => {
      const size = Promise.withResolvers<number>();
      clusterSize = () => size.promise;
      turn.follow(waiting, takenBy(...many), time.clock.elapsed());
      turn.follow(waiting, takenBy("n1"), time.clock.elapsed());
      size.resolve(5000);
      await time.pass(0);
      assert.equal(watches, 1);
      turn.stop();
    });

    it("watches it if its reboot is urgent", async () => {
      await wait({ priority: "high" });
      assert.equal(watches, 1);
      turn.stop();
    });

    it("reads it more often in a smaller crowd, but not more often than each 10 s", async () => {
      clusterSize = async () => 300;
      turn.follow(waiting, takenBy(...many), time.clock.elapsed());
      await time.pass(0);
      turn.follow(waiting, takenBy(...many), time.clock.elapsed());
      assert.equal(turn.trustedMs(), 10_000);
      assert.equal(watches, 0);
      turn.stop();
    });

    it("watches it in a cluster of fewer nodes", async () => {
      clusterSize = async () => 10;
      turn.follow(waiting, takenBy(...many), time.clock.elapsed());
      await time.pass(0);
      assert.equal(watches, 1);
      turn.stop();
      assert.equal(watches, 0);
    });
  });

  it("lets others go first for longer by each entry that it sees, but not for ever", async () => {
    const entered = (number: number): LockFacts => {
      const holders = Array.from({ length: number }, (_, n) => ({
        nodeID: `n${n}`,
        created: "2026-11-24T11:59:00Z",
      }));
      return { ...free, version: `${number}`, holders };
    };
    turn.follow(waiting, entered(1), time.clock.elapsed());
    await time.pass(0);
    for (let number = 2; number <= 7; number += 1) {
      await time.pass(100);
      show(entered(number));
    }
    assert.equal(due, 0);
    await time.pass(1000);
    assert.equal(due, 1);
    turn.claim();
    turn.follow(waiting, entered(8), time.clock.elapsed());
    for (let number = 9; due < 2 && number < 1000; number += 1) {
      await time.pass(100);
      show(entered(number));
    }
    assert.equal(due, 2);
    turn.stop();
  });

  it("does not wait for longer where others leave", async () => {
    const left = (version: number): LockFacts => ({
      ...takenBy("n1"),
      refusal: undefined,
      version: `${version}`,
    });
    turn.follow(waiting, left(1), time.clock.elapsed());
    await time.pass(0);
    for (let version = 2; version <= 6; version += 1) {
      await time.pass(100);
      show(left(version));
    }
    assert.equal(due, 1);
    turn.stop();
  });

  it("has its turn once, when a read or the watch shows that a slot has been free for a while", async () => {
    turn.follow(waiting, free, time.clock.elapsed());
    await time.pass(100);
    assert.deepEqual([due, turn.claim()], [0, false]);
    await time.pass(400);
    assert.deepEqual([due, turn.claim(), turn.claim()], [1, true, false]);

    start();
    turn.follow(waiting, takenBy("a"), time.clock.elapsed());
    await time.pass(minute);
    assert.equal(due, 0);
    show(free);
    await time.pass(1000);
    assert.equal(due, 1);
  });

  it("gives up as soon as the slots are taken, also a turn that it has not yet used", async () => {
    turn.follow(waiting, free, time.clock.elapsed());
    await time.pass(100);
    show(takenBy("a"));
    await time.pass(minute);
    assert.deepEqual([due, turn.claim()], [0, false]);
    assert.equal(turn.refused()?.refusal?.code, "lock-taken");
    turn.follow(waiting, free, time.clock.elapsed());
    await time.pass(1000);
    show(takenBy("a"));
    assert.equal(turn.claim(), false);
  });

  it("lets all others go first if it has just left, whatever its priority", async () => {
    const leftAt = new Date(noon - minute).toISOString();
    turn.follow({ ...waiting, priority: "high", leftAt }, free, time.clock.elapsed());
    await time.pass(700);
    assert.equal(due, 0);
    await time.pass(500);
    assert.equal(due, 1);
  });

  it("does not start again if the loop runs more often than its turn comes", async () => {
    for (let looks = 0; looks < 10; looks += 1) {
      turn.follow(waiting, free, time.clock.elapsed());
      await time.pass(100);
    }
    assert.equal(due, 1);
  });

  it("tries again when its turn came to nothing, and also if the number of nodes is unknown", async () => {
    turn.follow(waiting, free, time.clock.elapsed());
    await time.pass(1000);
    assert.equal(turn.claim(), true);
    turn.follow(waiting, free, time.clock.elapsed());
    await time.pass(1000);
    assert.equal(turn.claim(), true);

    start();
    clusterSize = () => Promise.reject(new Error("forbidden"));
    turn.follow(waiting, free, time.clock.elapsed());
    await time.pass(2000);
    assert.equal(due, 1);
  });

  it("has one watch while it waits, and none afterwards", async () => {
    turn.follow(waiting, takenBy("a"), time.clock.elapsed());
    turn.follow(waiting, takenBy("b"), time.clock.elapsed());
    assert.equal(watches, 1);
    turn.stop();
    assert.equal(watches, 0);
    assert.equal(turn.refused(), undefined);
  });

  it("reports nothing when a slot passes from one node to another", async () => {
    turn.follow(waiting, takenBy("a"), time.clock.elapsed());
    for (const facts of [free, takenBy("b"), refusedFor("lock-zone"), takenBy("c")]) show(facts);
    await time.pass(minute);
    assert.equal(news, 0);
  });

  it("reports once that it waits, what only a person or a halt changes, and that this is over", async () => {
    for (const code of ["halted", "failures-unreadable", "lock-manual", "lock-unreadable"] as const) {
      news = 0;
      turn.follow(waiting, takenBy("a"), time.clock.elapsed());
      show(refusedFor(code));
      show(refusedFor(code));
      await time.pass(minute);
      assert.equal(news, 1, code);
      turn.follow(waiting, refusedFor(code), time.clock.elapsed());
      show(free);
      show(takenBy("b"));
      await time.pass(minute);
      assert.equal(news, 2, code);
    }

    start();
    turn.follow(waiting, free, time.clock.elapsed());
    show(takenBy("b"));
    await time.pass(minute);
    assert.deepEqual([news, due], [1, 0]);
  });

  it("believes the newer of a read and the watch, and a read whose version has gone back", async () => {
    turn.follow(waiting, { ...takenBy("a"), version: "5" }, time.clock.elapsed());
    const askedAt = time.clock.elapsed();
    await time.pass(1000);
    show({ ...free, version: "7" });
    turn.follow(waiting, { ...takenBy("a"), version: "6" }, askedAt);
    await time.pass(minute);
    assert.deepEqual([due, turn.refused()], [1, undefined]);

    start();
    turn.follow(waiting, { ...takenBy("a"), version: "10" }, time.clock.elapsed());
    show({ ...free, version: "9" });
    assert.equal(turn.refused()?.refusal?.code, "lock-taken");

    start();
    turn.follow(waiting, { ...takenBy("a"), version: "100" }, time.clock.elapsed());
    await time.pass(1000);
    turn.follow(waiting, { ...free, version: "50" }, time.clock.elapsed());
    assert.equal(turn.refused(), undefined);
  });

  it("believes no refusal that is over by itself, though no watch has shown that", async () => {
    const refused = refusedFor("lock-interval", { until: noon + 10 * minute });
    turn.follow(waiting, refused, time.clock.elapsed());
    await time.pass(10 * minute - 1);
    assert.equal(turn.refused()?.refusal?.code, "lock-interval");
    await time.pass(1);
    assert.equal(turn.refused(), undefined);
  });

  it("believes a read for an hour, and for a minute or two once the watch has broken", async () => {
    turn.follow(waiting, takenBy("a"), time.clock.elapsed());
    await time.pass(50 * minute);
    assert.equal(turn.trustedMs(), 10 * minute);
    assert.notEqual(turn.refused(), undefined);
    assert.throws(() => breakWatch(), /watching the lock/);
    assert.equal(turn.trustedMs(), 1.5 * minute);
    await time.pass(1.5 * minute);
    assert.deepEqual([turn.refused(), turn.trustedMs()], [undefined, 0]);
  });

  it("spreads its report over a minute if there are thousands of nodes, and drops it when it stops waiting", async () => {
    clusterSize = async () => 5000;
    turn.follow(waiting, takenBy("a"), time.clock.elapsed());
    show(refusedFor("halted"));
    await time.pass(20_000);
    assert.equal(news, 0);
    await time.pass(10_000);
    assert.equal(news, 1);
    show(takenBy("a"));
    turn.stop();
    await time.pass(minute);
    assert.equal(news, 1);
  });

  it("has to read again if other Nodes were in the way, of which the watch shows nothing", () => {
    turn.follow(waiting, refusedFor("too-many-unavailable", { dependsOnNodes: true }), time.clock.elapsed());
    assert.equal(turn.refused(), undefined);
    turn.follow(waiting, refusedFor("too-many-unavailable"), time.clock.elapsed());
    assert.equal(turn.refused()?.refusal?.code, "too-many-unavailable");
  });

  it("reads few Nodes, however many thousand entries the lock has", async () => {
    const names = Array.from({ length: 3000 }, (_, index) => `n${index}`);
    turn.follow(waiting, takenBy(...names), time.clock.elapsed());
    await time.pass(5 * minute);
    assert.deepEqual(lookedAfter, [names.slice(1500, 1510)]);
    await time.pass(60 * minute);
    assert.ok(lookedAfter.flat().length <= 12, `${lookedAfter.flat().length}`);
  });

  it("checks a few holders for orphans within five minutes, then one at a time, at most twice an hour", async () => {
    turn.follow(waiting, takenBy("a", "b", "c"), time.clock.elapsed());
    await time.pass(5 * minute);
    assert.deepEqual(lookedAfter, [["a", "b", "c"]]);
    await time.pass(24 * 60 * minute);
    const later = lookedAfter.slice(1);
    assert.ok(later.length <= 48 && later.length >= 24, `${later.length}`);
    for (const holders of later) assert.equal(holders.length, 1);
  });
});
