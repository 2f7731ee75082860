import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Decision } from "../../daemon/cycle/decision.ts";
import type { Closed } from "../../daemon/gates/reasons.ts";
import { everyCase } from "../rows.ts";
import { action, idle, iso, marks, minute, noon, policy, record, saved, seen } from "./builders.ts";

describe("A node with a soft taint", () => {
  const tainting = policy({ marks: marks({ softTaint: "pending" }) });
  const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken" } as const;
  const closed: Closed[] = [{ gate: "window", code: "outside", message: "outside" }];
  const soft = { key: "pending", effect: "PreferNoSchedule" };
  const waiting = record({
    phase: "Waiting",
    cordoned: false,
    taint: "pending",
    reasons: [{ ...refusal, since: iso(noon) }],
  });
  const change = (decision: Decision) => {
    const { action } = decision;
    assert.ok(action.do === "save", action.do);
    return [action.record.phase, action.record.taint, action.change];
  };

  it("bears it while pods ask for time, and remembers since when, for this need", () => {
    const closed: Closed[] = [{ gate: "opt-outs", code: "asked", message: "pods ask for time" }];
    const shut = seen({ held: false, closed });
    const first = decide(idle(), shut, tainting, noon);
    assert.deepEqual(change(first), ["Waiting", "pending", { taints: [soft] }]);
    assert.equal(saved(first).optOutsSince, iso(noon));
    const elsewise: Closed[] = [{ gate: "window", code: "outside", message: "outside" }];
    const closing = decide(
      saved(first),
      seen({ held: false, closed: elsewise, node: { taints: [soft] } }),
      tainting,
      noon + minute,
    );
    const again = decide(saved(closing), shut, tainting, noon + 2 * minute);
    assert.equal(saved(again).optOutsSince, iso(noon), "a wait with a break");
    assert.equal(
      saved(
        decide(saved(again), seen({ needed: false, held: false, node: { taints: [soft] } }), tainting, noon),
      ).optOutsSince,
      undefined,
    );
  });

  it("bears it while only the lock or a drain that could not succeed is in the way", () =>
    everyCase({
      "bears it while only the lock is in the way": () => {
        assert.deepEqual(change(decide(idle(), seen({ held: false, refusal }), tainting, noon)), [
          "Waiting",
          "pending",
          { taints: [soft] },
        ]);
      },
      "bears it while a drain that could not succeed is in the way, so that operators can move their pods":
        () => {
          const closed: Closed[] = [{ gate: "disruption", code: "budget-never", message: "no" }];
          assert.deepEqual(change(decide(idle(), seen({ held: false, closed }), tainting, noon)), [
            "Waiting",
            "pending",
            { taints: [soft] },
          ]);
          const still = { ...waiting, reasons: [{ ...closed[0], since: iso(noon) }] } as typeof waiting;
          assert.equal(action(decide(still, seen({ held: false, closed }), tainting, noon)).do, "wait");
          const both: Closed[] = [...closed, { gate: "window", code: "outside", message: "outside" }];
          const facts = { held: false, closed: both, node: { taints: [soft] } };
          assert.deepEqual(change(decide(waiting, seen(facts), tainting, noon)), [
            "Waiting",
            undefined,
            { taints: [] },
          ]);
        },
      "writes nothing more while that stays so": () => {
        assert.equal(action(decide(waiting, seen({ held: false, refusal }), tainting, noon)).do, "wait");
      },
      "looks at the Node first, where taints of others may be": () => {
        const rest = seen({ held: false, refusal, without: "node" });
        assert.deepEqual(action(decide(idle(), rest, tainting, noon)), { do: "look", at: "node" });
        const gone = seen({ held: false, refusal, node: "gone" });
        assert.equal(action(decide(idle(), gone, tainting, noon)).do, "wait");
      },
    }));

  it("bears it no longer when anything else is in the way, or no reboot is needed", () =>
    everyCase({
      "bears it no longer when another gate closes": () => {
        const facts = { held: false, closed, node: { taints: [soft] } };
        assert.deepEqual(change(decide(waiting, seen(facts), tainting, noon)), [
          "Waiting",
          undefined,
          { taints: [] },
        ]);
      },
      "bears it no longer when no reboot is needed any more": () => {
        const facts = { needed: false, held: false, node: { taints: [soft] } };
        assert.deepEqual(change(decide(waiting, seen(facts), tainting, noon)), [
          "Idle",
          undefined,
          { taints: [] },
        ]);
      },
      "bears it no longer when another reboot would not help": () => {
        const facts = { held: false, node: { taints: [soft] } };
        const often = { ...waiting, reboots: 2 };
        assert.deepEqual(change(decide(often, seen(facts), tainting, noon)), [
          "Failed",
          undefined,
          { taints: [] },
        ]);
      },
    }));
});

describe("A node whose reboot is no longer needed", () => {
  it("loses the approval of it, with the soft taint and without one", () => {
    const annotations = { "rebootd.dev/approved": null };
    const soft = { key: "pending", effect: "PreferNoSchedule" };
    const facts = seen({ needed: false, held: false, node: { taints: [soft] } });
    for (const [softTaint, expected] of [
      [undefined, { annotations }],
      ["pending", { taints: [], annotations }],
    ] as const) {
      const waiting = record({ phase: "Waiting", cordoned: false, taint: softTaint });
      const approved = policy({ marks: marks({ softTaint, usesApproval: true }) });
      const { action } = decide(waiting, facts, approved, noon);
      assert.ok(action.do === "save", action.do);
      assert.deepEqual([action.record.phase, action.change], ["Idle", expected]);
    }
  });
});

describe("Reasons that come and go", () => {
  const waiting = record({
    phase: "Waiting",
    cordoned: false,
    reasons: [{ gate: "window", code: "outside", message: "outside", since: iso(noon) }],
    reportedAt: iso(noon),
  });
  const paused = {
    closed: [{ gate: "paused", code: "node", message: "paused" } satisfies Closed],
    held: false,
  };

  it("are written at once, but after three times in a minute no sooner than half a minute after the last", () => {
    assert.equal(
      saved(decide(waiting, seen({ ...paused, reportCount: 2 }), policy(), noon)).reasons[0]?.gate,
      "paused",
    );
    const later = decide(waiting, seen({ ...paused, reportCount: 3 }), policy(), noon + 1000);
    assert.deepEqual(action(later), { do: "wait", until: noon + 30_000 });
    const then = decide(waiting, seen({ ...paused, reportCount: 3 }), policy(), noon + 30_000);
    assert.equal(saved(then).reasons[0]?.gate, "paused");
    const free = seen({
      held: false,
      reportCount: 3,
      refusal: { gate: "lock", code: "lock-taken", message: "taken" },
    });
    const onWatch = decide(waiting, free, policy(), noon + 1000);
    assert.deepEqual(action(onWatch), { do: "wait", slot: true, until: noon + 30_000 });
  });
});
