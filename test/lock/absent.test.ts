import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import { type Absent, createAbsent } from "../../daemon/lock/absent.ts";
import { parseFailures } from "../../daemon/lock/failures.ts";
import { parseLock } from "../../daemon/lock/lock.ts";
import type { LockObjectState } from "../../daemon/lock/lock-object.ts";
import { elapsedClock } from "./elapsed-clock.ts";

const minute = 60_000;
const { signal } = new AbortController();

let now: number;
let looks: number;
let underWay: string[];
let absent: Absent;
/** Called while the server answers. */
let meanwhile: () => void;

function stateOf(...names: string[]): LockObjectState {
  const locks = names.map((nodeID) => ({ nodeID, created: "2026" }));
  return {
    version: "1",
    lock: parseLock(JSON.stringify({ maxOwners: 9, locks })),
    failures: parseFailures(undefined),
    unlocked: [],
  };
}

const observe = (...names: string[]) => absent.observe(stateOf(...names).lock);
const known = async (...names: string[]) =>
  (await absent.known(stateOf(...names), signal))?.map(({ nodeID }) => nodeID);

describe("The nodes in mid-cycle that the lock does not name", () => {
  function start(): void {
    now = 0;
    looks = 0;
    underWay = [];
    meanwhile = () => {};
    const list = async () => {
      looks += 1;
      const items = underWay.map((name) => ({ metadata: { name } }));
      meanwhile();
      return { metadata: {}, items };
    };
    absent = createAbsent({
      api: { list } as unknown as Api,
      clock: elapsedClock(() => now),
      recheckMs: minute,
      isUnderWay: () => true,
    });
  }
  beforeEach(start);

  it("are believed for a minute, and then looked at again", async () => {
    observe();
    underWay = ["x"];
    await absent.now(signal);
    now += minute - 1;
    assert.deepEqual(await known(), ["x"]);
    assert.equal(looks, 1);
    now += 1;
    underWay = [];
    assert.deepEqual(await known(), []);
    assert.equal(looks, 2);
  });

  it("are none that left the lock since the look began, but stay in the way when others enter", async () => {
    observe("x", "y");
    underWay = ["x", "y"];
    await absent.now(signal);
    assert.equal(observe("y"), true);
    assert.equal(await known("y"), undefined);
    assert.equal(looks, 1);
    observe("x");
    underWay = ["x"];
    meanwhile = () => void observe();
    await absent.now(signal);
    assert.equal(await known(), undefined);

    start();
    observe();
    underWay = ["x"];
    await absent.now(signal);
    assert.equal(observe("y"), false);
    assert.deepEqual(await known("y"), ["x"]);
    assert.equal(looks, 1);
  });
});
