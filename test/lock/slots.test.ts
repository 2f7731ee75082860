import assert from "node:assert/strict";
import { enter, holds, leave, parseLock, refusal, writeLock } from "../../daemon/lock/slots.ts";

const created = "2026-11-24T12:00:00.000Z";
const n1 = { nodeID: "n1", metadata: { unschedulable: false }, created, TTL: 0 };
const n2 = { nodeID: "n2", metadata: { unschedulable: true }, created, TTL: 0 };

function lockOf(value: unknown) {
  return parseLock(JSON.stringify(value));
}

describe("Reading the lock", () => {
  const readable: [what: string, annotation: string | undefined, holders: string[]][] = [
    ["no annotation", undefined, []],
    ["one holder", JSON.stringify(n1), ["n1"]],
    ["several holders", JSON.stringify({ maxOwners: 2, locks: [n1, n2] }), ["n1", "n2"]],
    ["what kured leaves after the last release", '{"maxOwners":2,"locks":[]}', []],
    ["an empty list as Go writes it", '{"maxOwners":2,"locks":null}', []],
    ["a manual entry", '{"nodeID":"manual"}', ["manual"]],
  ];
  for (const [what, annotation, names] of readable) {
    it(`understands ${what}`, () => {
      const lock = parseLock(annotation);
      assert.ok(lock.state === "readable");
      assert.deepEqual(
        lock.holders.map(({ nodeID }) => nodeID),
        names,
      );
    });
  }

  for (const annotation of [
    "not json",
    "{}",
    "null",
    "[]",
    "7",
    '{"locks":[{}]}',
    '{"nodeID":7}',
    "x".repeat(200_000),
  ]) {
    it(`finds ${annotation.slice(0, 20)} unreadable and says how to mend it`, () => {
      const lock = parseLock(annotation);
      assert.ok(lock.state === "unreadable");
      assert.match(lock.why, /remove the annotation/);
      assert.ok(lock.why.length < 200);
      assert.equal(refusal(lock, "n1", 1)?.code, "lock-unreadable");
    });
  }
});

describe("Entering", () => {
  it("is allowed while fewer nodes than the limit are in", () => {
    assert.equal(refusal(lockOf({ maxOwners: 2, locks: [n2] }), "n1", 2), undefined);
  });

  it("is refused when all slots are taken", () => {
    assert.equal(refusal(lockOf(n2), "n1", 1)?.code, "lock-taken");
  });

  it("follows the own limit, whatever limit others wrote", () => {
    assert.equal(refusal(lockOf({ maxOwners: 9, locks: [n2] }), "n1", 1)?.code, "lock-taken");
  });

  it("is not hindered by the own slot", () => {
    assert.equal(refusal(lockOf(n1), "n1", 1), undefined);
  });

  for (const [what, value] of [
    ["alone", { nodeID: "manual" }],
    ["beside holders", { maxOwners: 3, locks: [n2, { nodeID: "manual" }] }],
    ["that names this very node", { nodeID: "n1" }],
  ] as const) {
    it(`is refused by a manual entry ${what}`, () => {
      assert.equal(refusal(lockOf(value), "n1", 3)?.code, "lock-manual");
      assert.equal(holds(lockOf(value), "n1"), false);
    });
  }

  it("twice is the same slot", () => {
    assert.deepEqual(enter([n1], { ...n1, created: "2026-11-24T13:00:00.000Z" }), [n1]);
  });
});

describe("Leaving", () => {
  it("takes away the own entry only, and never a manual one", () => {
    assert.deepEqual(leave([n1, n2, { nodeID: "n1" }], "n1"), [n2, { nodeID: "n1" }]);
  });
});

describe("Writing the lock", () => {
  it("removes the annotation when nobody is in", () => {
    assert.equal(writeLock([], 1), null);
    assert.equal(writeLock([], 3), null);
  });

  it("is in kured's single shape with a limit of one", () => {
    assert.equal(
      writeLock([n1], 1),
      '{"nodeID":"n1","metadata":{"unschedulable":false},"created":"2026-11-24T12:00:00.000Z","TTL":0}',
    );
  });

  it("is in kured's several shape with a higher limit", () => {
    assert.deepEqual(JSON.parse(writeLock([n1], 2) ?? ""), { maxOwners: 2, locks: [n1] });
  });

  it("drops nobody when the limit was lowered to one", () => {
    assert.deepEqual(JSON.parse(writeLock([n1, n2], 1) ?? ""), { maxOwners: 1, locks: [n1, n2] });
  });

  it("keeps the fields that others added", () => {
    const lock = lockOf({ maxOwners: 2, locks: [{ ...n2, pool: "gpu" }] });
    assert.ok(lock.state === "readable");
    assert.match(writeLock(enter(lock.holders, n1), 2) ?? "", /"pool":"gpu"/);
  });
});
