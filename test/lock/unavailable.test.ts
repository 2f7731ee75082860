import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import { parseLock } from "../../daemon/lock/lock.ts";
import { type Asked, createUnavailable, type Unavailable } from "../../daemon/lock/unavailable.ts";
import { everyRow } from "../rows.ts";
import { elapsedClock } from "./elapsed-clock.ts";

const minute = 60_000;
const { signal } = new AbortController();
const lockOf = (...names: string[]) =>
  parseLock(JSON.stringify({ maxOwners: 9, locks: names.map((nodeID) => ({ nodeID, created: "2026" })) }));

let now: number;
let looks: number;
let clusterSize: number;
let cordoned: string[];
let unavailable: Unavailable;

/** One is allowed: all that is there is in the way. */
function ask(asked: Partial<Asked> = {}) {
  const isRefused = (names: readonly string[]) => names.length > 0;
  return unavailable.enough({ turn: false, isRefused, ...asked }, signal);
}

describe("The Nodes that are unavailable", () => {
  function start(): void {
    now = 0;
    looks = 0;
    clusterSize = 3;
    cordoned = [];
    const list = async () => {
      looks += 1;
      const metadata = (index: number) => ({ name: cordoned[index] ?? `n${index}` });
      const items = Array.from({ length: clusterSize }, (_, index) => ({
        metadata: metadata(index),
        spec: { unschedulable: index < cordoned.length },
        status: { conditions: [{ type: "Ready", status: "True" }] },
      }));
      return { metadata: {}, items };
    };
    unavailable = createUnavailable({
      api: { list } as unknown as Api,
      clock: elapsedClock(() => now),
      recheckMs: minute,
    });
  }
  beforeEach(start);

  it("are looked at when it is this node's turn, once for both the turn and the entry, and at no other time", async () => {
    assert.equal(await ask(), undefined);
    assert.equal(looks, 0);
    assert.deepEqual(await ask({ turn: true }), []);
    now += 4000;
    assert.deepEqual(await unavailable.now(signal), []);
    assert.equal(looks, 1);
    now += 2000;
    cordoned = ["x"];
    assert.deepEqual(await unavailable.now(signal), ["x"]);

    start();
    await ask({ turn: true });
    now += 6000;
    assert.equal(await ask(), undefined);
    cordoned = ["x"];
    assert.deepEqual(await ask({ turn: true }), ["x"]);
  });

  it("stay in the way for a minute per page; then they are looked at again, turn or not", async () => {
    cordoned = ["x"];
    await ask({ turn: true });
    now += minute - 1;
    assert.deepEqual(await ask({ turn: true }), ["x"]);
    assert.deepEqual(await ask(), ["x"]);
    assert.equal(looks, 1);
    now += 1;
    cordoned = ["y"];
    assert.deepEqual(await ask(), ["y"]);
    assert.equal(looks, 2);

    start();
    clusterSize = 5000;
    cordoned = ["x"];
    await ask({ turn: true });
    now += 20 * minute - 1;
    await ask({ turn: true });
    assert.equal(looks, 1);
    now += 1;
    await ask();
    assert.equal(looks, 2);
  });

  const departures: [what: string, before: string[], after: string[]][] = [
    ["the holder", ["x"], []],
    ["another one", ["x", "other"], ["x"]],
  ];
  it("are looked at again at the next turn once a holder has left the lock", () =>
    everyRow(departures, async (before, after) => {
      start();
      cordoned = ["x"];
      unavailable.observe(lockOf(...before));
      await ask({ turn: true });
      unavailable.observe(lockOf(...after));
      assert.equal(await ask(), undefined);
      cordoned = [];
      assert.deepEqual(await ask({ turn: true }), []);
    }));

  it("are looked at again when a node has left that entered only after the look", async () => {
    cordoned = ["x"];
    await ask({ turn: true });
    unavailable.observe(lockOf("x"));
    assert.deepEqual(await ask(), ["x"]);
    unavailable.observe(lockOf());
    assert.equal(await ask(), undefined);
  });
});
