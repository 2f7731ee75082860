import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { planAcquire, planLeave, planReenter, planRelease, planRemove } from "../../daemon/lock/changes.ts";
import type { Question } from "../../daemon/lock/facts.ts";
import type { Holder } from "../../daemon/lock/lock.ts";
import { type LockObjectState, stateIn } from "../../daemon/lock/lock-object.ts";

const noon = Date.parse("2026-11-24T12:00:00.000Z");
const created = "2026-11-24T11:00:00.000Z";
const mine: Holder = { nodeID: "me", created, TTL: 0, concurrency: 1 };
const other: Holder = { nodeID: "other", created, TTL: 0, concurrency: 2 };
const byKured: Holder = { nodeID: "me", created, TTL: 0 };
const unlocked = [{ node: "me", at: created }];
const haltAfter = { reboots: 3, drains: 0 };
const end = { result: "failed", at: created, message: "stuck" } as const;

function stateWith(...locks: Holder[]): LockObjectState {
  return stateIn({ annotations: { lock: JSON.stringify({ maxOwners: 2, locks }) } }, "lock");
}

function question(state: LockObjectState, limits: Partial<Question["limits"]> = {}): Question {
  const waiting = {
    identity: { name: "me", uid: "u1" },
    labels: { [contract.zone.key]: "z1", pool: "p1" },
    bootID: "9d0c7c1f-649c",
    neededSince: created,
  };
  return { state, waiting, view: {}, limits: { concurrency: 2, ...limits }, haltAfter };
}

describe("A change of the lock by a daemon", () => {
  const entry = { nodeID: "me", created: "2026-11-24T12:00:00.000000001Z", nodeUID: "u1", boot: "9d0c7c1f" };
  const options = { unschedulable: false, ttlMs: 0 };

  it("adds an entry unless the node is in or refused, and ends an earlier unlock", () => {
    const state = { ...stateWith(other), unlocked };
    const holders = [other, { ...entry, concurrency: 2, neededSince: created }];
    assert.deepEqual(planAcquire(question(state), options, noon), {
      lock: { holders, concurrency: 2 },
      unlocked: [],
    });
    const limits = { concurrency: 1, maxPerZone: 1, maxPerPool: 1, poolLabel: "pool" };
    const alone = planAcquire(question(stateWith(), limits), { unschedulable: true, ttlMs: 60_000 }, noon);
    const kureds = { metadata: { unschedulable: true }, TTL: 6e10 };
    const groups = { zone: "z1", pool: "p1" };
    const all = { ...entry, ...kureds, concurrency: 1, ...groups, neededSince: created };
    assert.deepEqual(alone, { lock: { holders: [all], concurrency: 1 } });
    assert.equal(planAcquire(question(stateWith(mine)), options, noon), undefined);
    assert.equal(planAcquire(question(stateWith(other), { concurrency: 1 }), options, noon), undefined);
  });

  it("puts an entry back past all limits, but not into an unreadable lock or against an unlock", () => {
    const full = question(stateWith(other), { concurrency: 1 });
    assert.deepEqual(
      planReenter(full, 0, noon)?.lock?.holders.map(({ nodeID }) => nodeID),
      ["other", "me"],
    );
    for (const state of [
      { ...stateWith(other), unlocked },
      stateIn({ annotations: { lock: "junk" } }, "lock"),
      stateWith(mine),
    ])
      assert.equal(planReenter(question(state), 0, noon), undefined);
  });

  it("removes the own entries that were seen, no later one and none of kured, and counts the end of the cycle", () => {
    const release = { name: "me", seen: [mine, other, byKured], end, haltAfter, limits: { concurrency: 2 } };
    const after = planRelease(stateWith(mine, other), release, noon);
    assert.deepEqual(after?.lock, { holders: [other], concurrency: 2 });
    assert.deepEqual(
      after?.failures?.map(({ node, message }) => [node, message]),
      [["me", "stuck"]],
    );
    const later = { ...mine, created: "2026-11-24T11:30:00.000Z" };
    assert.equal(planRelease(stateWith(later, other), release, noon), undefined);
    assert.equal(
      planRelease(stateWith({ ...byKured, created: "2026-11-24T10:00:00Z" }), release, noon),
      undefined,
    );
    assert.deepEqual(planRelease({ ...stateWith(other), unlocked }, { ...release, end: undefined }, noon), {
      unlocked: [],
    });
  });

  it("keeps the time of a reboot, where reboots are to have a time between them", () => {
    const seen = [mine];
    const paced = { name: "me", seen, haltAfter, limits: { concurrency: 1, minIntervalMs: 60_000 } };
    const lastOf = (how: object, given: object = paced) => {
      const release = { ...paced, ...given, end: { ...end, ...how } };
      return planRelease(stateWith(mine), release, noon)?.lastRebootAt;
    };
    assert.equal(lastOf({ result: "rebooted" }), noon);
    assert.equal(lastOf({ result: "failed" }), noon);
    assert.equal(lastOf({ result: "failed", during: "drain" }), undefined);
    assert.equal(lastOf({ result: "withdrawn" }), undefined);
    assert.equal(lastOf({ result: "rebooted" }, { limits: { concurrency: 1 } }), undefined);
  });

  it("removes orphans, or all own entries from a lock that is no longer used, with its last limit", () => {
    const { lock } = stateWith(mine, other);
    assert.deepEqual(planRemove(lock, [other], 3), { lock: { holders: [mine], concurrency: 3 } });
    assert.equal(planRemove(lock, [{ ...other, created: "2020" }], 3), undefined);
    assert.deepEqual(planLeave(lock, "me"), { lock: { holders: [other], concurrency: 2 } });
    assert.equal(planLeave(lock, "n9"), undefined);
  });
});
