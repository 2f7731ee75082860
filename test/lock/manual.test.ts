import assert from "node:assert/strict";
import { type Holder, parseLock, writeLock } from "../../daemon/lock/lock.ts";
import { lockByHand, unlockByHand } from "../../daemon/lock/manual.ts";

const created = "2026-11-24T11:00:00.000Z";
const noon = Date.parse("2026-11-24T12:00:00.000Z");
const since = "2026-11-24T12:00:00.000Z";
const n1: Holder = { nodeID: "n1", created, TTL: 0, concurrency: 1 };
const n2: Holder = { nodeID: "n2", created, TTL: 0, concurrency: 3 };
const byKured: Holder = { nodeID: "n3", metadata: { unschedulable: false }, created, TTL: 0 };

const lockOf = (value: unknown) => parseLock(value === undefined ? undefined : JSON.stringify(value));

/** The annotation afterwards; "as it was" where nothing is to be done. */
function outcomeOf(value: unknown, edit: ReturnType<typeof lockByHand>): unknown {
  assert.equal(edit.refused, undefined);
  if (edit.change === undefined) return "as it was";
  const text = writeLock(edit.change, lockOf(value));
  return text === null ? undefined : JSON.parse(text);
}

describe("A manual lock", () => {
  const lock = (value: unknown, reason?: string) => outcomeOf(value, lockByHand(lockOf(value), reason, noon));

  it("is an entry of no node, with reason and time", () => {
    assert.deepEqual(lock(undefined, "new switch"), { nodeID: "manual", since, reason: "new switch" });
  });

  it("stands beside the holders, and loses none of them", () => {
    const manual = { nodeID: "manual", since };
    assert.deepEqual(lock(n1), { maxOwners: 1, locks: [n1, manual] });
    const three = { maxOwners: 3, locks: [n2, byKured] };
    assert.deepEqual(lock(three), { maxOwners: 3, locks: [n2, byKured, manual] });
  });

  it("takes the new reason if it is set again, and keeps other people's entries", () => {
    const other = { nodeID: "alice" };
    const value = { maxOwners: 3, locks: [other, { nodeID: "manual", reason: "old" }] };
    assert.deepEqual(lock(value, "new"), {
      maxOwners: 3,
      locks: [other, { nodeID: "manual", since, reason: "new" }],
    });
  });

  it("is refused beside a kured in the single shape, which would lose its slot", () => {
    assert.match(lockByHand(lockOf(byKured), undefined, noon).refused ?? "", /"n3" holds the lock .*kured/);
  });
});

describe("A manual unlock", () => {
  const value = { maxOwners: 3, locks: [n1, { nodeID: "manual" }, n2, { nodeID: "n2" }] };

  it("removes all manual entries, whatever they name, or one node's slot, and nothing else", () => {
    assert.deepEqual(outcomeOf(value, unlockByHand(lockOf(value), "manual", noon)), {
      maxOwners: 3,
      locks: [n1, n2],
    });
    assert.deepEqual(outcomeOf(value, unlockByHand(lockOf(value), { node: "n2" }, noon)), {
      maxOwners: 3,
      locks: [n1, { nodeID: "manual" }, { nodeID: "n2" }],
    });
  });

  it("removes everything, also an unreadable lock", () => {
    for (const lock of [lockOf(value), parseLock("junk")])
      assert.deepEqual(unlockByHand(lock, "all", noon).change?.holders, []);
  });

  it("changes nothing without a manual entry, and names the holders if the node holds no slot", () => {
    assert.equal(outcomeOf(n1, unlockByHand(lockOf(n1), "manual", noon)), "as it was");
    assert.equal(
      unlockByHand(lockOf(value), { node: "n9" }, noon).refused,
      '"n9" holds no slot; holders: n1, n2',
    );
    assert.equal(
      unlockByHand(lockOf(undefined), { node: "n9" }, noon).refused,
      '"n9" holds no slot; no node holds one',
    );
  });

  it("is refused like a manual lock if the lock cannot be read, unless everything is to be removed", () => {
    assert.match(lockByHand(parseLock("junk"), undefined, noon).refused ?? "", /cannot be read/);
    for (const which of ["manual", { node: "n1" }] as const)
      assert.match(unlockByHand(parseLock("junk"), which, noon).refused ?? "", /cannot be read/);
  });
});
