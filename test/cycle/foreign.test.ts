import assert from "node:assert/strict";
import { judgeForeign } from "../../daemon/cycle/foreign.ts";
import type { CycleRecord, Phase } from "../../daemon/cycle/record.ts";
import { everyRow } from "../rows.ts";
import { record } from "./builders.ts";

const earlier = "2026-11-24T12:00:00.000Z";
const later = "2026-11-24T13:00:00.000Z";
const known = (phase: Phase, more: Partial<CycleRecord> = {}) =>
  record({ phase, since: earlier, cordoned: phase !== "Waiting", bootID: "known", ...more });
const found = (phase: Phase, more: Partial<CycleRecord> = {}) =>
  record({ phase, since: later, cordoned: true, bootID: "found", ...more });

const cordoned = (isCordoned: boolean, wasCordoned = isCordoned) => ({ isCordoned, wasCordoned });

describe("A record that somebody else has written", () => {
  const refused: [known: Phase, found: Phase][] = [
    ["Draining", "Rebooting"],
    ["Draining", "Returning"],
    ["Draining", "Settling"],
    ["Rebooting", "Returning"],
    ["Rebooting", "Settling"],
    ["Returning", "Settling"],
    ["Returning", "Rebooting"],
  ];
  it("ahead of this node does not stand, as this node has not seen that", async () => {
    await everyRow(
      refused.map(([is, says]) => [`${is}, found ${says}`, is, says] as const),
      (is, says) => {
        const before = known(is);
        const { record, fault } = judgeForeign(before, found(says), cordoned(true));
        assert.equal(record, before);
        assert.match(fault ?? "", new RegExp(`${says}, but it is ${is}`));
      },
    );
  });

  it("of an earlier cycle, restored before the cordon of this one, does not stand, but its cordon is ours", () => {
    const before = known("Draining", { announced: true, cordoned: false });
    const judged = (wasCordoned: boolean, more: Partial<CycleRecord> = {}) =>
      judgeForeign(before, found("Rebooting", more), cordoned(true, wasCordoned)).record;
    assert.deepEqual(judged(false), { ...before, cordoned: true });
    assert.equal(judged(true), before);
    assert.equal(judged(false, { cordoned: false }), before);
  });

  it("does not stand where the machine may go down at any moment", async () => {
    await everyRow(
      (["Draining", "Restoring", "Idle"] as const).map((one) => [one, one] as const),
      (says) => {
        const before = known("Rebooting", { askedAt: earlier });
        assert.equal(judgeForeign(before, found(says), cordoned(true)).record, before);
      },
    );
  });

  it("of the same phase neither puts a deadline off nor proves a reboot", async () => {
    await everyRow(
      (["Draining", "Rebooting", "Returning"] as const).map((one) => [one, one] as const),
      (phase) => {
        const before = known(phase, { askedAt: undefined, attempt: 1 });
        const { record } = judgeForeign(before, found(phase, { askedAt: later, attempt: 0 }), cordoned(true));
        const { since, bootID, askedAt, attempt } = record;
        assert.deepEqual([since, bootID, askedAt, attempt], [earlier, "known", undefined, 1]);
      },
    );
  });

  it("stands where it ends the drain, and a cordon that is left may be a person's", async () => {
    await everyRow(
      (["Restoring", "Waiting", "Idle", "Failed"] as const).map((one) => [one, one] as const),
      (says) => {
        for (const isCordoned of [true, false]) {
          const other = found(says, { cordoned: false });
          assert.equal(judgeForeign(known("Draining"), other, cordoned(isCordoned)).record, other);
        }
      },
    );
  });

  it("stands where another daemon of this node has uncordoned the returning node", () => {
    assert.equal(
      judgeForeign(known("Returning"), found("Settling"), cordoned(false)).record.phase,
      "Settling",
    );
  });

  it("ahead of a node between cycles is undone, and proves no reboot", async () => {
    await everyRow(
      (["Rebooting", "Returning", "Settling"] as const).map((one) => [one, one] as const),
      (says) => {
        const { record, fault } = judgeForeign(known("Waiting"), found(says), cordoned(true));
        assert.match(fault ?? "", /somebody else has written that this node is/);
        assert.deepEqual(
          [record.phase, record.cordoned, record.outcome?.result],
          ["Waiting", true, "withdrawn"],
        );
      },
    );
  });

  it("of a drain, found between cycles as after a restore, is gone on with as far as all else allows", () => {
    assert.equal(judgeForeign(known("Waiting"), found("Draining"), cordoned(true)).record.phase, "Draining");
  });
});
