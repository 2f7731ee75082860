import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, iso, minute, noon, policy, record, saved, seen } from "./builders.ts";

describe("A settling node", () => {
  const settlingNode = record({
    phase: "Settling",
    cordoned: false,
    reboots: 1,
    outcome: { result: "rebooted", at: iso(noon), message: "rebooted" },
  });

  it("keeps the slot for --lock-release-delay, then releases it", () =>
    everyCase({
      "keeps the slot for the release delay": () => {
        const decision = decide(
          settlingNode,
          seen({ needed: false }),
          policy({ lockReleaseDelayMs: minute }),
          noon,
        );
        assert.deepEqual(action(decision), { do: "wait", until: noon + minute });
      },
      "releases the slot": () => {
        assert.deepEqual(action(decide(settlingNode, seen({ needed: false }), policy(), noon)), {
          do: "release",
          end: settlingNode.outcome,
        });
      },
      "does not look at the lock once the slot is known to be free": () => {
        const rest = seen({ held: false, without: "lock" });
        const settling = record({ phase: "Settling" });
        assert.equal(saved(decide(settling, rest, policy(), noon)).phase, "Waiting");
        assert.deepEqual(action(decide(settling, { ...rest, mayHoldSlot: true }, policy(), noon)), {
          do: "look",
          at: "lock",
        });
      },
    }));

  it("becomes Idle, or waits again where a need is left", () =>
    everyCase({
      "becomes Idle once the slot is free": () => {
        assert.equal(
          saved(decide(settlingNode, seen({ needed: false, held: false }), policy(), noon)).phase,
          "Idle",
        );
      },
      "looks whether a need is left before it ends": () => {
        const rest = seen({ held: false, without: "need" });
        assert.deepEqual(action(decide(settlingNode, rest, policy(), noon)), { do: "look", at: "need" });
      },
      "counts the reboot against a need that is still there": () => {
        const next = saved(decide(settlingNode, seen({ needed: true, held: false }), policy(), noon));
        assert.equal(next.phase, "Waiting");
        assert.equal(next.reboots, 1);
      },
    }));
});

describe("A node that leaves the lock", () => {
  const ends: [name: string, phase: "Settling" | "Restoring", result: "rebooted" | "failed" | "withdrawn"][] =
    [
      ["rebooted", "Settling", "rebooted"],
      ["failed", "Restoring", "failed"],
      ["withdrawn", "Restoring", "withdrawn"],
    ];

  it("has when it left written down, however the cycle ended, with a need or without", async () => {
    await everyRow(ends, (phase, result) => {
      for (const needed of [true, false]) {
        const ending = record({ phase, cordoned: false, outcome: { result, at: iso(noon), message: "why" } });
        const next = saved(decide(ending, seen({ held: false, needed }), policy(), noon + minute));
        assert.equal(next.leftAt, iso(noon + minute), `needed: ${needed}`);
      }
    });
  });
});
