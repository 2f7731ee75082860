import assert from "node:assert/strict";
import type { Refusal } from "../../daemon/lock/limits.ts";
import type { Holder } from "../../daemon/lock/slots.ts";
import type { LockFacts, LockStore } from "../../daemon/lock/store.ts";
import { createTurn, type Turn } from "../../daemon/lock/turn.ts";
import { createVirtualTime, type VirtualTime } from "../simulation/virtual-time.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const minute = 60_000;
const waiter = { nodeID: "me", labels: {}, neededSince: "2026-11-24T11:00:00Z" };

const free: LockFacts = { held: false, remains: false, refusal: undefined, holders: [] };
function refusedFor(code: Refusal["code"], more: Partial<Refusal> = {}): LockFacts {
  return { ...free, refusal: { code, message: code, ...more } };
}
function takenBy(...names: string[]): LockFacts {
  const refusal: Refusal = { code: "lock-taken", message: "all slots are taken", by: names };
  return { ...free, refusal, holders: names.map((nodeID) => ({ nodeID, created: "2026-11-24T11:59:00Z" })) };
}

let time: VirtualTime;
let turn: Turn;
let due: number;
let news: number;
let show: (facts: LockFacts) => void;
let watches: number;
let lookedAfter: string[][];
let clusterSize: () => Promise<number>;

describe("A node that waits for its turn", () => {
  beforeEach(() => {
    time = createVirtualTime(noon);
    due = 0;
    news = 0;
    watches = 0;
    lookedAfter = [];
    clusterSize = async () => 10;
    const lock: Pick<LockStore, "clusterSize" | "watch" | "removeOrphans"> = {
      clusterSize: () => clusterSize(),
      watch: async (_, onFacts, __, signal) => {
        show = onFacts;
        watches += 1;
        signal.addEventListener("abort", () => {
          watches -= 1;
        });
      },
      removeOrphans: async (_, holders: readonly Holder[]) => {
        lookedAfter.push(holders.map(({ nodeID }) => nodeID));
        return [];
      },
    };
    turn = createTurn({
      clock: time.clock,
      random: () => 0.5,
      lock: lock as LockStore,
      onDue: () => {
        due += 1;
      },
      onNews: () => {
        news += 1;
      },
      onOrphans: () => {},
      onError: (what, error) => assert.fail(`${what}: ${error}`),
    });
  });

  it("has it when a slot has been free for a while, and has it once", async () => {
    turn.follow(waiter, free);
    await time.pass(100);
    assert.deepEqual([due, turn.claim()], [0, false]);
    await time.pass(400);
    assert.deepEqual([due, turn.claim(), turn.claim()], [1, true, false]);
  });

  it("has it when the watch shows that a slot has become free", async () => {
    turn.follow(waiter, takenBy("a"));
    await time.pass(minute);
    assert.equal(due, 0);
    show(free);
    await time.pass(1000);
    assert.equal(due, 1);
  });

  it("gives up as soon as it sees that the slots are taken", async () => {
    turn.follow(waiter, free);
    await time.pass(100);
    show(takenBy("a"));
    await time.pass(minute);
    assert.deepEqual([due, turn.claim()], [0, false]);
    assert.equal(turn.refused()?.refusal?.code, "lock-taken");
  });

  it("gives up a turn that it has not yet used", async () => {
    turn.follow(waiter, free);
    await time.pass(1000);
    show(takenBy("a"));
    assert.equal(turn.claim(), false);
  });

  it("does not begin anew when it is looked at more often than its turn comes", async () => {
    for (let looks = 0; looks < 10; looks += 1) {
      turn.follow(waiter, free);
      await time.pass(100);
    }
    assert.equal(due, 1);
  });

  it("tries again when its turn came to nothing", async () => {
    turn.follow(waiter, free);
    await time.pass(1000);
    assert.equal(turn.claim(), true);
    turn.follow(waiter, free);
    await time.pass(1000);
    assert.equal(turn.claim(), true);
  });

  it("has it also when nobody says how many nodes there are", async () => {
    clusterSize = () => Promise.reject(new Error("forbidden"));
    turn.follow(waiter, free);
    await time.pass(2000);
    assert.equal(due, 1);
  });

  it("has one watch while it waits, and none when it waits no more", async () => {
    turn.follow(waiter, takenBy("a"));
    turn.follow(waiter, takenBy("b"));
    assert.equal(watches, 1);
    turn.stop();
    assert.equal(watches, 0);
    assert.equal(turn.refused(), undefined);
  });

  it("has nothing to say when the slots change hands", async () => {
    turn.follow(waiter, takenBy("a"));
    for (const facts of [free, takenBy("b"), refusedFor("lock-zone"), takenBy("c")]) show(facts);
    await time.pass(minute);
    assert.equal(news, 0);
  });

  for (const code of ["halted", "failures-unreadable", "lock-manual", "lock-unreadable"] as const) {
    it(`has once something to say when it is ${code}, and when that is over`, async () => {
      turn.follow(waiter, takenBy("a"));
      show(refusedFor(code));
      show(refusedFor(code));
      await time.pass(minute);
      assert.equal(news, 1);
      show(free);
      show(takenBy("b"));
      await time.pass(minute);
      assert.equal(news, 2);
    });
  }

  it("spreads what it says over a minute where thousands have to, and not at all when it waits no more", async () => {
    clusterSize = async () => 5000;
    turn.follow(waiter, takenBy("a"));
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

  it("has to ask where only other Nodes were in the way, of which the watch shows nothing", () => {
    turn.follow(waiter, refusedFor("too-many-unavailable", { toldByNodes: true }));
    assert.equal(turn.refused(), undefined);
    turn.follow(waiter, refusedFor("too-many-unavailable"));
    assert.equal(turn.refused()?.refusal?.code, "too-many-unavailable");
  });

  it("looks after all holders within five minutes, then after one at a time, at most twice an hour", async () => {
    turn.follow(waiter, takenBy("a", "b", "c"));
    await time.pass(5 * minute);
    assert.deepEqual(lookedAfter, [["a", "b", "c"]]);
    await time.pass(24 * 60 * minute);
    const later = lookedAfter.slice(1);
    assert.ok(later.length <= 48 && later.length >= 24, `${later.length}`);
    for (const holders of later) assert.equal(holders.length, 1);
  });
});
