import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import { type CycleRecord, parseRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, iso, minute, noon, policy, record, saved, seen } from "./builders.ts";

describe("A mark that is left on the Node between cycles", () => {
  it("is undone, be it a label alone", () =>
    everyCase({
      "is undone where the record says that it is ours": async () => {
        await everyRow(
          (["Idle", "Waiting", "Failed"] as const).map((one) => [one, one] as const),
          (phase) => {
            const next = saved(decide(record({ phase, cordoned: true }), seen(), policy(), noon));
            assert.deepEqual([next.phase, next.cordon, next.cordoned], ["Restoring", "clear", false]);
            assert.match(next.outcome?.message ?? "", /interrupted/);
          },
        );
      },
      "may be a label alone, and the record says why": () => {
        const outcome = { result: "withdrawn", at: iso(noon), message: "an unknown phase" } as const;
        const labels = [{ key: "state", set: "rebooting" }];
        const left = record({ phase: "Waiting", cordoned: false, labels, outcome });
        const decision = decide(left, seen({ node: { labels: { state: "rebooting" } } }), policy(), noon);
        const decided = action(decision);
        assert.ok(decided.do === "save");
        assert.deepEqual(decided.change, { labels: { state: null } });
        assert.match(decision.why, /an unknown phase/);
      },
    }));
});

describe("A cycle that has failed", () => {
  const draining = record({ phase: "Draining" });
  const rebooting = record({ phase: "Rebooting", attempt: 1, since: iso(noon - 30 * minute) });
  const asked = { ...rebooting, attempt: 2, askedAt: rebooting.since };
  const broken = { drain: { state: "failed", why: "it broke" } } as const;
  const uncordoned = { node: { unschedulable: false } };
  const rows: [what: string, record: CycleRecord, seen: Parameters<typeof seen>[0], during?: "drain"][] = [
    ["with its drain", draining, broken, "drain"],
    ["as the node was uncordoned twice", { ...draining, cordonedAgain: true }, uncordoned, "drain"],
    ["as the node was uncordoned before the machine was asked", rebooting, uncordoned, "drain"],
    [
      "with the drain after a request that did not take the machine down",
      { ...draining, attempt: 1 },
      broken,
    ],
    ["as the node was uncordoned before it was asked again", { ...rebooting, attempt: 2 }, uncordoned],
    ["as the machine is still up", asked, {}],
    ["as the request was refused", asked, { ask: { result: "refused", why: "no such command" } }],
    ["as nothing proves the reboot", { ...rebooting, phase: "Returning" }, {}],
  ];
  it("counts as a failed drain until the machine is asked, and as a failed reboot from then on", () =>
    everyCase({
      "has failed with its drain until the machine is asked to reboot, and with the reboot from then on":
        async () => {
          await everyRow(rows, (before, facts, during) => {
            const next = saved(decide(before, seen(facts), policy(), noon));
            assert.deepEqual([next.outcome?.result, next.outcome?.during], ["failed", during]);
            assert.equal(parseRecord(writeRecord(next)).record?.outcome?.during, during);
          });
        },
      "that was withdrawn while it drained has not failed with its drain": () => {
        const next = saved(decide(draining, seen({ held: false }), policy(), noon));
        assert.deepEqual([next.outcome?.result, next.outcome?.during], ["withdrawn", undefined]);
      },
    }));
});

describe("A node that is being restored", () => {
  const restoringNode = (result: "failed" | "withdrawn") =>
    record({ phase: "Restoring", cordoned: false, outcome: { result, at: iso(noon), message: "why" } });

  it("releases the slot at once, then has Failed, waits again, or is Idle", () =>
    everyCase({
      "releases the slot at once, whatever --lock-release-delay says": () => {
        const failed = restoringNode("failed");
        const decision = decide(failed, seen(), policy({ lockReleaseDelayMs: minute }), noon);
        assert.deepEqual(action(decision), { do: "release", end: failed.outcome });
      },
      "has Failed afterwards, with the failure that was counted at the beginning": () => {
        const restoring = { ...restoringNode("failed"), failures: 1 };
        const next = saved(decide(restoring, seen({ held: false }), policy(), noon));
        assert.deepEqual([next.phase, next.failures, next.reasons], ["Failed", 1, []]);
      },
      "waits again when the cycle was cancelled": () => {
        const next = saved(decide(restoringNode("withdrawn"), seen({ held: false }), policy(), noon));
        assert.equal(next.phase, "Waiting");
        assert.equal(next.failures, 0);
      },
      "becomes Idle when the need has gone": () => {
        assert.equal(
          saved(decide(restoringNode("withdrawn"), seen({ held: false, needed: false }), policy(), noon))
            .phase,
          "Idle",
        );
      },
    }));
});
