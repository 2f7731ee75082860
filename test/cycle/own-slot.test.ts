import assert from "node:assert/strict";
import { ApiError } from "../../daemon/cluster/api.ts";
import { createOwnSlot } from "../../daemon/cycle/own-slot.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import type { LockFacts } from "../../daemon/lock/facts.ts";
import { everyRow } from "../rows.ts";
import { idle, minute, record, seen } from "./builders.ts";

const trustMs = 10 * minute;
const recheckMs = minute;

/** A slot of a node, and the clock that it goes by. */
function slotAt(start = 0) {
  let now = start;
  const clock = { elapsed: () => now, wall: () => now, sleep: async () => {} };
  const slot = createOwnSlot(clock, trustMs);
  const asked = () => ({ elapsed: now, wall: now });
  return { slot, asked, pass: (ms: number) => (now += ms) };
}

const { lock: held = assert.fail() } = seen();
const free: LockFacts = { ...held, held: false };
const stale: LockFacts = { ...free, hasStaleEntry: true };

describe("The slot of a node", () => {
  it("may be held until the lock was seen without it, and again once that is too old", () => {
    const { slot, asked, pass } = slotAt();
    assert.deepEqual([slot.mayBeHeld(), slot.trustedMs()], [true, Number.POSITIVE_INFINITY]);
    slot.learn(stale, asked());
    assert.equal(slot.mayBeHeld(), true);
    slot.learn(free, asked());
    assert.deepEqual([slot.mayBeHeld(), slot.trustedMs()], [false, trustMs]);
    pass(trustMs - 1);
    assert.equal(slot.mayBeHeld(), false);
    pass(1);
    assert.deepEqual([slot.mayBeHeld(), slot.trustedMs()], [true, Number.POSITIVE_INFINITY]);
  });

  it("may be held after a write of the lock that had no answer, for as long as that may take effect", async () => {
    const { slot, asked, pass } = slotAt();
    slot.learn(free, asked());
    await assert.rejects(slot.write(() => Promise.reject(new Error("no answer")), "slot"));
    assert.equal(slot.mayBeHeld(), true);
    slot.learn(free, asked());
    assert.equal(slot.trustedMs(), minute, "it may be there later");
    pass(minute);
    assert.equal(slot.mayBeHeld(), true);
    slot.learn(free, asked());
    const conflict = new ApiError("lock", { code: "conflict", status: 409 });
    await assert.rejects(slot.write(() => Promise.reject(conflict), "slot"));
    slot.learn(free, asked());
    assert.equal(slot.trustedMs(), trustMs, "a write that is refused has no effect");
  });

  it("is learnt from the answer to a write, but not from that of a node that is down", async () => {
    const { slot } = slotAt();
    await slot.write(async () => free, "slot");
    assert.equal(slot.mayBeHeld(), false);
    await slot.write(async () => free, "lock");
    assert.equal(slot.mayBeHeld(), true);
  });

  it("is believed to be held for a time that the phase gives", async () => {
    const ask = { result: "unsent" } as const;
    const asking = record({ phase: "Rebooting" });
    const down = record({ phase: "Rebooting", askedAt: "2026-11-24T12:00:00.000Z" });
    const rows: [string, CycleRecord, typeof ask | undefined, forMs: number, isBasis: boolean][] = [
      ["at rest", idle(), undefined, 1000, true],
      ["draining", record({ phase: "Draining" }), undefined, 15_000, true],
      ["about to ask", asking, undefined, 0, true],
      ["asked", down, undefined, recheckMs, false],
      ["to be asked again", down, ask, 0, true],
      ["returning", record({ phase: "Returning" }), undefined, recheckMs, false],
      ["settling", record({ phase: "Settling" }), undefined, recheckMs, false],
      ["restoring", record({ phase: "Restoring" }), undefined, recheckMs, false],
    ];
    await everyRow(rows, (node, known, forMs, isBasis) => {
      const { slot, asked, pass } = slotAt();
      slot.learn(held, asked());
      const believed = () => slot.believed(node, known, recheckMs);
      if (forMs > 0) {
        pass(forMs - 1);
        assert.deepEqual(believed(), { facts: held, asked: { elapsed: 0, wall: 0 }, isBasis });
        pass(1);
      }
      assert.equal(believed(), undefined);
      slot.learn(free, asked());
      assert.equal(believed(), undefined, "where it is not held nothing is believed");
    });
  });

  it("knows when the lock was asked for what it has answered itself", () => {
    const { slot, asked, pass } = slotAt(7);
    slot.learn(free, asked());
    pass(1);
    assert.deepEqual([slot.askedAt(free), slot.askedAt({ ...free })], [7, undefined]);
  });
});
