import assert from "node:assert/strict";
import { type Event, evidenceAfter, keepsDrain, noEvidence } from "../../daemon/cycle/evidence.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import { idle, iso, minute, noon, record, seen } from "./builders.ts";

/** What is known after all of this. */
function knownAfter(...events: Event[]) {
  return events.reduce(evidenceAfter, noEvidence);
}

function recorded(record: CycleRecord, unreachableMs = 0): Event {
  return { type: "record", record, unreachableMs };
}

const draining = record({ phase: "Draining" });
const rebooting = record({ phase: "Rebooting", attempt: 1 });
const rehearsed: Event = { type: "rehearsed", isRefused: false };

describe("What a process knows of its cycle beside the record", () => {
  it("is that the node was drained, once its own record of the reboot is begun to be written", () => {
    const writing = (next: CycleRecord): Event => ({ type: "writing", record: next });
    assert.equal(knownAfter(recorded(draining), writing(rebooting)).isDrained, true);
    assert.equal(knownAfter(recorded(draining), writing(rebooting), recorded(rebooting)).isDrained, true);
    assert.equal(knownAfter(recorded(rebooting)).isDrained, false, "a record that was found proves nothing");
    assert.equal(knownAfter(recorded(draining), writing(draining)).isDrained, false);
    assert.equal(knownAfter(writing(rebooting)).isDrained, false);
    const restoring = record({ phase: "Restoring" });
    assert.equal(knownAfter(recorded(draining), writing(rebooting), recorded(restoring)).isDrained, false);
  });

  it("is what became of the request to reboot, until the phase is another", () => {
    const ask = { result: "unsent" } as const;
    assert.deepEqual(knownAfter(recorded(rebooting), { type: "asked", ask }, recorded(rebooting)).ask, ask);
    assert.equal(knownAfter(recorded(rebooting), { type: "asked", ask }, recorded(draining)).ask, undefined);
  });

  it("is that the writes of a cycle were tried, until one begins or is refused", () => {
    assert.equal(knownAfter(rehearsed, recorded(idle())).isRehearsed, true);
    assert.equal(knownAfter(rehearsed, recorded(draining)).isRehearsed, false);
    assert.equal(knownAfter(rehearsed, { type: "rehearsed", isRefused: true }).isRehearsed, false);
  });

  it("is since when the node is Ready without a break, as the kubelet of this boot reports it", () => {
    const { bootID, node } = seen();
    if (typeof node !== "object") return assert.fail();
    const read = (at: number, changes = {}): Event => ({
      type: "node-read",
      node: { ...node, ...changes },
      at,
    });
    const booted: Event = { type: "boot-read", bootID };
    assert.equal(knownAfter(booted, read(1), read(2)).readySince, 1);
    assert.equal(knownAfter(booted, read(1), read(2, { ready: false }), read(3)).readySince, 3);
    const [first, later] = ["2026-11-24T12:00:00Z", "2026-11-24T12:00:09Z"].map((readyChangedAt) => ({
      readyChangedAt,
    }));
    assert.equal(knownAfter(booted, read(1, first), read(2, first)).readySince, 1);
    assert.equal(
      knownAfter(booted, read(1, first), read(2, later)).readySince,
      2,
      "a break that nobody has read",
    );
    assert.equal(knownAfter(booted, read(1, { bootID: "another" })).readySince, undefined);
    const userspace = { state: "seen", softReboots: 1, since: 1000 } as const;
    const replaced: Event = { type: "userspace-seen", userspace };
    assert.equal(knownAfter(booted, replaced, read(1, { heartbeatAt: 0 })).readySince, undefined);
    assert.equal(knownAfter(booted, replaced, read(2, { heartbeatAt: 2000 })).readySince, 2);
  });

  it("is whether the reboot may wait for those of others, as the last check has found it", () => {
    const needed = { state: "needed", source: "file", reasons: [] } as const;
    const low: Event = { type: "need-checked", need: { ...needed, urgency: "low" }, at: 1 };
    assert.equal(knownAfter(low).urgency, "low");
    for (const need of [needed, { state: "not-needed" } as const])
      assert.equal(knownAfter(low, { type: "need-checked", need, at: 2 }).urgency, undefined);
  });

  it("is since when a reboot is needed without a break", () => {
    const needed = { state: "needed", source: "file", reasons: [] } as const;
    const at = (time: number): Event => ({ type: "need-checked", need: needed, at: time });
    const none: Event = { type: "need-checked", need: { state: "not-needed" }, at: 3 };
    assert.equal(knownAfter(at(1), at(2)).neededSince, 1);
    assert.equal(knownAfter(at(1), none).neededSince, undefined);
    assert.equal(knownAfter(at(1), none, at(4)).neededSince, 4);
  });

  it("is for how long the server had been unreachable when the phase began, but not for a phase that it has found", () => {
    assert.equal(knownAfter(recorded(draining, 7)).unreachableBeforeMs, 0);
    assert.equal(knownAfter(recorded(draining, 7), recorded(draining, 8)).unreachableBeforeMs, 0);
    assert.equal(knownAfter(recorded(draining, 7), recorded(rebooting, 9)).unreachableBeforeMs, 9);
    const later = { ...draining, since: iso(noon + minute) };
    assert.equal(knownAfter(recorded(draining), recorded(later, 9)).unreachableBeforeMs, 9);
  });

  it("follows the clock with the times of its record: a phase whose beginning is set with it is still the same", () => {
    const set: Event = { type: "clock-set", byMs: minute };
    assert.deepEqual(knownAfter(set), noEvidence);
    const later = {
      ...draining,
      since: iso(noon + minute),
      need: { ...draining.need, since: iso(noon + minute) },
    };
    const known = knownAfter(recorded(draining), set, recorded(later as CycleRecord, 9));
    assert.equal(known.unreachableBeforeMs, 0);
  });
});

describe("A drain goes on with the next record", () => {
  it("while the node drains, and was not uncordoned meanwhile", () => {
    assert.equal(keepsDrain(draining, { ...draining, reasons: [] }), true);
    assert.equal(keepsDrain(draining, { ...draining, cordonedAgain: true }), false);
    assert.equal(keepsDrain(draining, rebooting), false);
    assert.equal(keepsDrain(undefined, draining), false);
    assert.equal(keepsDrain(rebooting, draining), false);
  });
});
