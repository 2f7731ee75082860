import assert from "node:assert/strict";
import { type Limits, refusal } from "../../daemon/lock/limits.ts";
import {
  bootOf,
  createdNow,
  enter,
  type Holder,
  hasStaleEntry,
  holdersMax,
  holds,
  isFull,
  type LockValue,
  leave,
  type NodeIdentity,
  parseLock,
  writeLock,
} from "../../daemon/lock/lock.ts";
import { everyRow } from "../rows.ts";

const created = "2026-11-24T12:00:00.000Z";
const noon = Date.parse(created);
const hour = 3_600_000;
const self = { name: "n1", uid: "u1" };
const n1 = { nodeID: "n1", metadata: { unschedulable: false }, created, TTL: 0, concurrency: 1 };
/** What kured writes for this very node. */
const byKured = { nodeID: "n1", metadata: { unschedulable: false }, created, TTL: 0 };
const n2 = { nodeID: "n2", metadata: { unschedulable: true }, created, TTL: 0 };

function refusedIn(lock: LockValue, identity: NodeIdentity, limits: Limits, now: number) {
  return refusal({ lock, waiting: { identity, labels: {} }, view: {}, limits }, now);
}

function lockOf(value: unknown) {
  return parseLock(JSON.stringify(value));
}

describe("The lock that is read", () => {
  const readable: [what: string, annotation: string | undefined, holders: string[]][] = [
    ["no annotation", undefined, []],
    ["one holder", JSON.stringify(n1), ["n1"]],
    ["several holders", JSON.stringify({ maxOwners: 2, locks: [n1, n2] }), ["n1", "n2"]],
    ["what kured leaves after the last release", '{"maxOwners":2,"locks":[]}', []],
    ["an empty list as Go writes it", '{"maxOwners":2,"locks":null}', []],
    ["a manual entry", '{"nodeID":"manual"}', ["manual"]],
    ["several slots with nobody in them", '{"maxOwners":2}', []],
    [
      "names of fields in any case, as kured does",
      '{"NodeId":"n1","CREATED":"2026-11-24T12:00:00Z"}',
      ["n1"],
    ],
  ];
  it("has either of kured's shapes, with names of fields in any case", () =>
    everyRow(readable, (annotation, names) => {
      const lock = parseLock(annotation);
      assert.ok(lock.state === "readable");
      assert.deepEqual(
        lock.holders.map(({ nodeID }) => nodeID),
        names,
      );
    }));

  const junk = ["not json", "{}", "null", "[]", "7", '{"locks":[{}]}', '{"nodeID":7}', "x".repeat(200_000)];
  it("is unreadable in any other form, and the message says how to repair it", () =>
    everyRow(
      junk.map((text) => [text.slice(0, 20), text] as const),
      (annotation) => {
        const lock = parseLock(annotation);
        assert.ok(lock.state === "unreadable");
        assert.match(lock.why, /remove the annotation/);
        assert.ok(lock.why.length < 200);
        assert.equal(refusedIn(lock, self, { concurrency: 1 }, noon)?.code, "lock-unreadable");
      },
    ));

  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ nodeID: n.toString(36), created: "" }));
  const hostile: [gains: string, annotation: string, message: RegExp][] = [
    ["stop every write of the lock by its depth", `{"nodeID":"a","x":${nested(120_000)}}`, /deep; remove/],
    [
      "do the same by one of several entries",
      `{"locks":[{"nodeID":"a","x":${nested(100_000)}}]}`,
      /deep; remove/,
    ],
    [
      "have every daemon ask for thousands of Nodes",
      JSON.stringify({ locks: many(5000) }),
      /more than 3000 locks; remove/,
    ],
    ["fill the memory", JSON.stringify({ locks: many(9000) }), /more than 262144 characters; remove/],
    [
      "fill what is said of a name",
      JSON.stringify({ nodeID: "n".repeat(254) }),
      /nodeIDs has more than 253 characters; remove/,
    ],
    [
      "fill what is said of one of several",
      JSON.stringify({ locks: [n1, { nodeID: "n".repeat(9999) }] }),
      /253 characters; remove/,
    ],
    [
      "fill what is kept of an entry",
      JSON.stringify({ ...n1, x: "x".repeat(5000) }),
      /more than 4096 characters; remove/,
    ],
  ];
  it("is unreadable if it is too deep, too long or has too many entries", () =>
    everyRow(hostile, (annotation, message) => {
      const begin = performance.now();
      const lock = parseLock(annotation);
      assert.ok(lock.state === "unreadable");
      assert.match(lock.why, message);
      assert.ok(lock.why.length < 300);
      assert.equal(refusedIn(lock, self, { concurrency: 1 }, noon)?.code, "lock-unreadable");
      assert.ok(performance.now() - begin < 1000);
    }));

  it("keeps all fields that others added when it is written", () => {
    const value = { maxOwners: 2, locks: [{ ...n2, others: { a: [{ b: "x".repeat(1000) }] } }, n1] };
    const lock = lockOf(value);
    assert.ok(lock.state === "readable");
    assert.deepEqual(JSON.parse(writeLock({ holders: lock.holders, concurrency: 2 }, lock) ?? ""), value);
  });
});

describe("A node that enters or leaves", () => {
  const rows: [what: string, value: unknown, concurrency: number, code: string | undefined][] = [
    ["a slot is free", { maxOwners: 2, locks: [n2] }, 2, undefined],
    ["all slots are taken", n2, 1, "lock-taken"],
    ["the limit that others wrote does not count", { maxOwners: 9, locks: [n2] }, 1, "lock-taken"],
    ["its own slot is not in its way", n1, 1, undefined],
    ["two entries of one node are one slot", { maxOwners: 2, locks: [n2, n2] }, 2, undefined],
  ];
  it("may enter while fewer other nodes than its own limit are in", () =>
    everyRow(rows, (value, concurrency, code) =>
      assert.equal(refusedIn(lockOf(value), self, { concurrency }, noon)?.code, code),
    ));

  const manual: [what: string, value: unknown][] = [
    ["alone", { nodeID: "manual" }],
    ["beside holders", { maxOwners: 3, locks: [n2, { nodeID: "manual" }] }],
    ["that names this very node", { nodeID: "n1" }],
  ];
  it("is refused by any manual entry, also one that names it", () =>
    everyRow(manual, (value) => {
      assert.equal(refusedIn(lockOf(value), self, { concurrency: 3 }, noon)?.code, "lock-manual");
      assert.equal(holds(lockOf(value), self, noon), false);
    }));

  it("leaves with all its entries, and without any other or manual one", () => {
    assert.deepEqual(leave([n1, n2, n1], self), [n2]);
    assert.deepEqual(leave([n1, n2, { nodeID: "n1" }], self), [n2, { nodeID: "n1" }]);
  });

  it("has the same slot if it enters twice", () => {
    assert.deepEqual(enter([n1], { ...n1, created: "2026-11-24T13:00:00.000Z" }, noon), [n1]);
  });
});

describe("A stale entry", () => {
  const live = { name: "n1", uid: "u1" };

  it("has the UID of an earlier Node, and is not one without a UID, written before the Node was read", () => {
    const lock = lockOf({ ...n1, nodeUID: "u0" });
    assert.equal(holds(lock, live, noon), false);
    assert.equal(hasStaleEntry(lock, live, noon), true);
    assert.equal(refusedIn(lock, live, { concurrency: 1 }, noon), undefined);
    assert.equal(holds(lockOf(n1), live, noon), true);
    assert.equal(hasStaleEntry(lockOf(n1), live, noon), false);
  });

  it("is not one of kured for this node: it tells kured what to do after the reboot", () => {
    const lock = lockOf(byKured);
    assert.equal(holds(lock, live, noon), false);
    assert.equal(hasStaleEntry(lock, live, noon), false);
    assert.deepEqual(leave([byKured], live), [byKured]);
    for (const concurrency of [1, 5]) {
      assert.equal(refusedIn(lock, live, { concurrency }, noon)?.code, "lock-foreign");
    }
  });

  it("is found by its time alone, where kured has written it again without the fields that it does not know", () => {
    const rewritten = { ...byKured, created: createdNow(noon) };
    const lock = lockOf({ maxOwners: 2, locks: [rewritten, n2] });
    assert.equal(holds(lock, live, noon), true);
    assert.deepEqual(leave([rewritten, n2], live), [n2]);
    assert.equal(holds(lock, { name: "n2" }, noon), false);
    assert.equal(Date.parse(rewritten.created), noon);
  });

  it("is replaced when the node enters", () => {
    assert.deepEqual(enter([{ ...n1, nodeUID: "u0" }], { ...n1, nodeUID: "u1" }, noon), [
      { ...n1, nodeUID: "u1" },
    ]);
  });

  const boot = "9d0c7c1f";

  it("has no boot ID that counts: only the own live entry has one", () => {
    assert.equal(bootOf(lockOf({ ...n1, boot }), self, noon), boot);
    assert.equal(
      bootOf(lockOf({ maxOwners: 2, locks: [{ ...n2, concurrency: 2, boot }] }), self, noon),
      undefined,
    );
    assert.equal(bootOf(lockOf({ ...n1, boot, TTL: 1 }), self, noon + 1), undefined);
    for (const value of [n1, { ...byKured, boot }, { ...n1, boot: 7 }])
      assert.equal(bootOf(lockOf(value), self, noon), undefined);
  });
});

describe("The TTL of an entry", () => {
  const limited = (changes: object) => ({ ...n2, TTL: 30 * 60 * 1e9, ...changes });

  it("is for ever where there is none, whatever the clocks of other nodes show", () => {
    assert.equal(refusedIn(lockOf(n2), self, { concurrency: 1 }, noon + 1000 * hour)?.code, "lock-taken");
    for (const hours of [-1, 1]) {
      const skewed = { ...n2, created: new Date(noon + hours * hour).toISOString() };
      assert.equal(refusedIn(lockOf(skewed), self, { concurrency: 1 }, noon)?.code, "lock-taken");
    }
  });

  it("ends a slot to the second, the own one too", () => {
    assert.equal(
      refusedIn(lockOf(limited({})), self, { concurrency: 1 }, noon + hour / 2 - 1)?.code,
      "lock-taken",
    );
    assert.equal(refusedIn(lockOf(limited({})), self, { concurrency: 1 }, noon + hour / 2), undefined);
    const lock = lockOf(limited({ nodeID: "n1", concurrency: 1 }));
    assert.equal(holds(lock, self, noon + hour), false);
    assert.equal(hasStaleEntry(lock, self, noon + hour), true);
  });

  it("has expired entries removed when a node enters, its own ones too", () => {
    const expired = limited({ nodeID: "n1", concurrency: 1 });
    assert.deepEqual(enter([expired], { ...n1, created: "2026-11-24T13:00:00.000Z" }, noon + hour).length, 1);
    assert.deepEqual(enter([limited({}), { ...n2, nodeID: "n3" }], n1, noon + hour), [
      { ...n2, nodeID: "n3" },
      n1,
    ]);
  });

  it("does not count if the times of the entry cannot be read", () => {
    for (const odd of [limited({ created: "2026-08-10 soon" }), limited({ TTL: "30m" })]) {
      assert.equal(refusedIn(lockOf(odd), self, { concurrency: 1 }, noon + 1000 * hour)?.code, "lock-taken");
    }
  });
});

describe("The room in the lock", () => {
  const entry = (name: string): Holder => ({
    nodeID: name,
    created,
    concurrency: 1180,
    nodeUID: "29c1f136-5964-45d7-aaba-6a9ceca9c01d",
    boot: "9d0c7c1f",
  });
  const annotationsMaxBytes = 256 * 1024;

  const rows: [names: string, length: number, least: number][] = [
    ["names of EKS", 49, 1180],
    ["names of GKE", 60, 1120],
    ["names of 253 characters", 253, 590],
  ];
  it("is for 590 to 1180 nodes and more, as their names are long, and ends before the server's limit", () =>
    everyRow(rows, (length, least) => {
      const name = (index: number) => String(index).padStart(length, "n");
      assert.ok(holdersMax(name(0)) >= least, `${holdersMax(name(0))}`);
      const holders = Array.from({ length: holdersMax(name(0)) }, (_, index) => entry(name(index)));
      let count = 0;
      while (count < 3000 && !isFull(lockOf({ maxOwners: 9, locks: holders.slice(0, count) }), name(0))) {
        count += 50;
      }
      assert.ok(count >= least, `${count} fit`);
      const value = writeLock({ holders, concurrency: 9999 }, parseLock(undefined)) ?? "";
      assert.ok(value.length < annotationsMaxBytes, `${value.length} bytes`);
    })).timeout(10_000);

  it("has a code of its own if there is none left, and is not used up by a field for the last entrant", () => {
    const of = (index: number) => ({ ...entry(`${index}`.padStart(64, "n")), concurrency: 5000 });
    const count = Math.ceil((240 * 1024) / JSON.stringify(of(0)).length);
    const locks = Array.from({ length: count }, (_, index) => of(index));
    assert.equal(
      refusedIn(lockOf({ maxOwners: 5000, locks }), self, { concurrency: 5000 }, noon)?.code,
      "lock-full",
    );
    const before = { ...entry("n2"), neededSince: created };
    const [kept, entered] = enter([before], { ...entry("n1"), neededSince: created }, noon);
    assert.deepEqual([kept?.neededSince, entered?.neededSince], [undefined, created]);
  });
});

describe("The lock that is written", () => {
  const free = parseLock(undefined);
  const write = (holders: readonly Holder[], concurrency: number, before = free) =>
    writeLock({ holders, concurrency }, before);

  it("is no annotation without holders, kured's single shape with a limit of one, and the several shape above", () => {
    for (const concurrency of [1, 3]) {
      assert.equal(write([], concurrency), null);
      assert.equal(write([], concurrency, lockOf({ maxOwners: 2, locks: [n1] })), null);
    }
    assert.equal(
      write([byKured], 1),
      '{"nodeID":"n1","metadata":{"unschedulable":false},"created":"2026-11-24T12:00:00.000Z","TTL":0}',
    );
    assert.deepEqual(JSON.parse(write([n1], 2) ?? ""), { maxOwners: 2, locks: [n1] });
  });

  it("keeps the several shape when the limit was lowered to one, as a kured looks for itself there", () => {
    const before = lockOf({ maxOwners: 2, locks: [n1, n2] });
    assert.deepEqual(JSON.parse(write([n1, n2], 1, before) ?? ""), { maxOwners: 1, locks: [n1, n2] });
    const then = lockOf({ maxOwners: 2, locks: [n1, n2] });
    assert.deepEqual(JSON.parse(write([n2], 1, then) ?? ""), { maxOwners: 1, locks: [n2] });
  });

  it("keeps the fields that others added", () => {
    const lock = lockOf({ maxOwners: 2, locks: [{ ...n2, rack: "r7" }] });
    assert.ok(lock.state === "readable");
    assert.match(write(enter(lock.holders, n1, noon), 2, lock) ?? "", /"rack":"r7"/);
  });
});
