import assert from "node:assert/strict";
import { judgeForeign } from "../../daemon/cycle/foreign.ts";
import type { CycleRecord, Phase } from "../../daemon/cycle/record.ts";
import { record } from "./builders.ts";

const earlier = "2026-11-24T12:00:00.000Z";
const later = "2026-11-24T13:00:00.000Z";
const known = (phase: Phase, more: Partial<CycleRecord> = {}) =>
  record({ phase, since: earlier, cordoned: phase !== "Waiting", bootID: "known", ...more });
const found = (phase: Phase, more: Partial<CycleRecord> = {}) =>
  record({ phase, since: later, cordoned: true, bootID: "found", ...more });

const cordoned = (isCordoned: boolean, wasCordoned = isCordoned) => ({ isCordoned, wasCordoned });

describe("A record that somebody else has written, when this node is", () => {
  const refused: [known: Phase, found: Phase][] = [
    ["Draining", "Rebooting"],
    ["Draining", "Returning"],
    ["Draining", "Settling"],
    ["Rebooting", "Returning"],
    ["Rebooting", "Settling"],
    ["Returning", "Settling"],
    ["Returning", "Rebooting"],
  ];
  for (const [is, says] of refused) {
    it(`${is} and it says ${says}, does not stand: this node has not seen that`, () => {
      const before = known(is);
      const { record, fault } = judgeForeign(before, found(says), cordoned(true));
      assert.equal(record, before);
      assert.match(fault ?? "", new RegExp(`${says}, but it is ${is}`));
    });
  }

  it("about to be cordoned, and restored as it was in an earlier cycle, does not stand, but its cordon is ours", () => {
    const before = known("Draining", { announced: true, cordoned: false });
    const judged = (wasCordoned: boolean, more: Partial<CycleRecord> = {}) =>
      judgeForeign(before, found("Rebooting", more), cordoned(true, wasCordoned)).record;
    assert.deepEqual(judged(false), { ...before, cordoned: true });
    assert.equal(judged(true), before);
    assert.equal(judged(false, { cordoned: false }), before);
  });

  for (const says of ["Draining", "Restoring", "Idle"] as const) {
    it(`about to go down, and it says ${says}, does not stand`, () => {
      const before = known("Rebooting", { askedAt: earlier });
      assert.equal(judgeForeign(before, found(says), cordoned(true)).record, before);
    });
  }

  for (const phase of ["Draining", "Rebooting", "Returning"] as const) {
    it(`${phase}, too, neither puts a deadline off nor proves a reboot`, () => {
      const before = known(phase, { askedAt: undefined, attempt: 1 });
      const { record } = judgeForeign(before, found(phase, { askedAt: later, attempt: 0 }), cordoned(true));
      const { since, bootID, askedAt, attempt } = record;
      assert.deepEqual([since, bootID, askedAt, attempt], [earlier, "known", undefined, 1]);
    });
  }

  for (const says of ["Restoring", "Waiting", "Idle", "Failed"] as const) {
    it(`Draining, and it says ${says}, is that: a cordon that is left may be a person's`, () => {
      for (const isCordoned of [true, false]) {
        const other = found(says, { cordoned: false });
        assert.equal(judgeForeign(known("Draining"), other, cordoned(isCordoned)).record, other);
      }
    });
  }

  it("Returning, and uncordoned by another daemon that says Settling, is that", () => {
    assert.equal(
      judgeForeign(known("Returning"), found("Settling"), cordoned(false)).record.phase,
      "Settling",
    );
  });

  for (const says of ["Rebooting", "Returning", "Settling"] as const) {
    it(`at rest and it says ${says}, is undone: no reboot is proved by that`, () => {
      const { record, fault } = judgeForeign(known("Waiting"), found(says), cordoned(true));
      assert.match(fault ?? "", /somebody else has written that this node is/);
      assert.deepEqual(
        [record.phase, record.cordoned, record.outcome?.result],
        ["Waiting", true, "withdrawn"],
      );
    });
  }

  it("at rest and it says Draining, as after a restore, is drained as far as all else allows", () => {
    assert.equal(judgeForeign(known("Waiting"), found("Draining"), cordoned(true)).record.phase, "Draining");
  });
});
