import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import type { Closed } from "../../daemon/gates/reasons.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, idle, iso, marks, minute, noon, policy, record, saved, seen, unseen } from "./builders.ts";

describe("A node at rest", () => {
  it("looks at the need, and at the lock before it says that it holds no slot", () =>
    everyCase({
      "looks first whether a reboot is needed": () => {
        assert.deepEqual(action(decide(idle(), unseen(), policy(), noon)), { do: "look", at: "need" });
      },
      "waits while none is needed, without asking anybody else": () => {
        const { need } = seen({ needed: false });
        const decision = decide(
          idle(),
          { ...unseen({ held: false }), ...(need && { need }) },
          policy(),
          noon,
        );
        assert.deepEqual(action(decision), { do: "wait" });
      },
      "looks at the lock before it says that it holds no slot": () => {
        const rest = seen({ needed: false, mayHoldSlot: true, without: "lock" });
        assert.deepEqual(action(decide(idle(), rest, policy(), noon)), { do: "look", at: "lock" });
      },
    }));

  const unknown = seen({ needed: "unknown", held: false });

  it("says that it cannot tell whether a reboot is needed, and keeps what it knows", () =>
    everyCase({
      "says so on the Node when it cannot tell whether one is needed, once": () => {
        const next = saved(decide(idle(), unknown, policy(), noon));
        const message = "cannot tell whether a reboot is needed: exit code 127";
        assert.equal(next.phase, "Waiting");
        assert.deepEqual(next.reasons, [{ gate: "need", code: "cannot-tell", message, since: iso(noon) }]);
        const decision = decide(next, unknown, policy(), noon + minute);
        assert.deepEqual([action(decision), decision.reasons], [{ do: "wait" }, next.reasons]);
      },
      "keeps what it knows of the need when it cannot tell whether that has gone": () => {
        const waiting = record({ phase: "Waiting", cordoned: false });
        assert.deepEqual(saved(decide(waiting, unknown, policy(), noon)).need, waiting.need);
        const failed = idle({ phase: "Failed", failures: 1 });
        assert.deepEqual(action(decide(failed, unknown, policy(), noon)), { do: "wait" });
      },
    }));

  it("records that the host can wait for its reboot", () => {
    const need = { state: "needed", source: "file", reasons: ["patched live"], urgency: "low" } as const;
    const closed: Closed[] = [{ gate: "window", code: "outside", message: "outside" }];
    const waiting = saved(decide(idle(), { ...seen({ held: false, closed }), need }, policy(), noon));
    assert.equal(waiting.need?.urgency, "low");
  });

  it("becomes Idle when the need goes away, and keeps how the last cycle ended", () => {
    const outcome = { result: "failed", at: iso(noon), message: "drain" } as const;
    const next = saved(
      decide(
        idle({ phase: "Waiting", reboots: 1, outcome }),
        seen({ needed: false, held: false }),
        policy(),
        noon,
      ),
    );
    assert.equal(next.phase, "Idle");
    assert.equal(next.reboots, 0);
    assert.deepEqual(next.outcome, outcome);
  });

  it("releases what is left in the lock from before", () =>
    everyCase({
      "releases a slot that is left over from before a restart": () => {
        assert.deepEqual(action(decide(idle(), seen({ needed: false, held: true }), policy(), noon)), {
          do: "release",
        });
      },
      "removes what a Node of the same name has left in the lock": () => {
        const decision = decide(
          idle(),
          seen({ needed: false, held: false, hasStaleEntry: true }),
          policy(),
          noon,
        );
        assert.deepEqual(action(decision), { do: "release" });
      },
    }));
});

describe("A node that needs a reboot", () => {
  const needy = idle();

  it("looks at gates, lock, node and pods, in this order, before it acquires a slot", () =>
    everyCase({
      "asks the gates before it asks the cluster for anything": () => {
        const rest = seen({ held: false, without: "gates" });
        assert.deepEqual(action(decide(needy, rest, policy(), noon)), {
          do: "look",
          at: "gates",
          stage: "start",
        });
      },
      "asks the gates for the slot once it is its turn, and again with the slot held": () => {
        const atStart = (facts: object) => decide(needy, seen({ stage: "start", ...facts }), policy(), noon);
        const asks = { do: "look", at: "gates", stage: "slot" };
        const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken" };
        assert.deepEqual(action(atStart({ held: false, turn: true })), asks);
        assert.deepEqual(action(atStart({ held: true, turn: false })), asks);
        assert.equal(atStart({ held: false, turn: false }).action.do, "wait");
        assert.equal(atStart({ held: false, refusal }).action.do, "save");
      },
      "looks at the lock and at the Node before it asks for a slot": async () => {
        await everyRow(
          (["lock", "node"] as const).map((one) => [one, one] as const),
          (missing) => {
            const partly = seen({ held: false });
            delete partly[missing];
            assert.deepEqual(action(decide(needy, partly, policy(), noon)), { do: "look", at: missing });
          },
        );
      },
      "acquires a slot when no gate is closed": () => {
        assert.deepEqual(action(decide(needy, seen({ held: false }), policy(), noon)), { do: "acquire" });
        const rest = seen({ held: false, without: "ownPods" });
        assert.deepEqual(action(decide(needy, rest, policy(), noon)), { do: "look", at: "pods" });
      },
      "asks for no slot while the cluster has no Node of its name": () => {
        assert.equal(action(decide(needy, seen({ held: false, node: "gone" }), policy(), noon)).do, "wait");
      },
      "waits for its turn although a slot is free": () => {
        const decision = decide(needy, seen({ held: false, turn: false }), policy(), noon);
        assert.deepEqual(action(decision), { do: "wait", slot: true });
      },
      "starts with a slot that it holds, in turn or not": () => {
        assert.equal(saved(decide(needy, seen({ turn: false }), policy(), noon)).phase, "Draining");
      },
    }));

  it("releases its slot when it may not start", () =>
    everyCase({
      "releases the slot when a gate has closed since it was acquired": () => {
        const closed: Closed[] = [{ gate: "disruption", code: "budget-never", message: "no" }];
        assert.equal(decide(needy, seen({ closed }), policy(), noon).action.do, "release");
      },
      "releases the slot when a gate has closed since it was acquired, as well": () => {
        const closed: Closed[] = [{ gate: "alerts", code: "active", message: "1 alert" }];
        assert.deepEqual(action(decide(needy, seen({ closed }), policy(), noon)), { do: "release" });
      },
      "writes its Node before the release where an earlier write had no answer, as a cordon must not come after it":
        () => {
          const closed: Closed[] = [{ gate: "window", code: "outside", message: "outside the window" }];
          const unsure = { ...seen({ closed }), unanswered: "7" };
          const next = saved(decide(needy, unsure, policy(), noon));
          assert.deepEqual([next.phase, next.reportedAt], [needy.phase, iso(noon)]);
          const silent = record({ phase: "Waiting", cordoned: false });
          const [said] = saved(decide(silent, unsure, policy(), noon)).reasons;
          assert.deepEqual(
            [said?.gate, said?.code],
            ["node", "unanswered"],
            "a node that waits says for what",
          );
          const waits = {
            ...silent,
            reasons: [{ gate: "window", code: "outside", message: "", since: iso(noon) }],
          };
          assert.deepEqual(saved(decide(waits, unsure, policy(), noon)).reasons, waits.reasons);
          const unread = { ...seen({ closed, without: "node" }), unanswered: "7" };
          const looks = decide(needy, unread, policy(), noon);
          assert.deepEqual(action(looks), { do: "look", at: "node" });
          const since = { ...unsure, unanswered: "an earlier version" };
          assert.deepEqual(action(decide(needy, since, policy(), noon)), { do: "release" });
          assert.deepEqual(action(decide(needy, { ...unsure, node: "gone" }, policy(), noon)), {
            do: "release",
          });
        },
      "releases the slot without an outcome when all is halted before its cycle began": () => {
        const outcome = { result: "failed", at: iso(noon), message: "why" } as const;
        const refusal = {
          gate: "lock",
          code: "halted",
          message: "3 nodes failed to reboot in a row",
        } as const;
        const decision = decide({ ...needy, outcome }, seen({ refusal }), policy(), noon);
        assert.deepEqual(action(decision), { do: "release" });
      },
      "releases the slot when the lock was set by hand before the cycle began": () => {
        const refusal = { gate: "lock", code: "lock-manual", message: "set by hand" } as const;
        assert.deepEqual(action(decide(needy, seen({ refusal }), policy(), noon)), { do: "release" });
      },
    }));

  it("writes every reason on the Node, since when it holds, and new words only in time", () =>
    everyCase({
      "waits behind closed gates and writes every reason on the Node": () => {
        const closed: Closed[] = [
          { gate: "window", code: "outside", message: "outside the window" },
          { gate: "alerts", code: "active", message: "2 alerts are active" },
        ];
        const next = saved(decide(needy, seen({ closed, held: false }), policy(), noon));
        assert.equal(next.phase, "Waiting");
        assert.deepEqual(
          next.reasons,
          closed.map((gate) => ({ ...gate, since: iso(noon) })),
        );
        assert.equal(next.need?.since, iso(noon));
      },
      "writes nothing while the reasons stay the same, and asks again after a while": () => {
        const closed: Closed[] = [{ gate: "alerts", code: "active", message: "3 alerts are active" }];
        const before = record({
          phase: "Waiting",
          cordoned: false,
          reportedAt: iso(noon),
          reasons: [{ gate: "alerts", code: "active", message: "2 alerts are active", since: iso(noon) }],
        });
        const rewordAt = noon + 10 * minute;
        const facts = seen({ closed, held: false, rewordAt });
        const decision = decide(before, facts, policy(), noon);
        assert.deepEqual(action(decision), { do: "wait", until: noon + minute });
        assert.deepEqual(decision.reasons, [{ ...closed[0], since: iso(noon) }]);
        // The words alone are not worth a write of each of thousands of nodes; but not for ever.
        const next = saved(decide(before, facts, policy(), noon + 10 * minute));
        assert.deepEqual(next.reasons, decision.reasons);
        assert.equal(next.reportedAt, iso(noon + 10 * minute));
      },
      "writes other reasons of the need in time, and at once after a restart": () => {
        const closed: Closed[] = [{ gate: "alerts", code: "active", message: "1 alert" }];
        const reasons = [{ ...closed[0], since: iso(noon) } as CycleRecord["reasons"][number]];
        const need = { source: "file", reasons: ["glibc"], since: iso(noon) };
        const before = record({ phase: "Waiting", cordoned: false, reasons, need });
        const rewordAt = noon + 10 * minute;
        const facts = seen({ closed, held: false, rewordAt });
        assert.equal(action(decide(before, facts, policy(), noon)).do, "wait");
        const next = saved(decide(before, facts, policy(), rewordAt));
        assert.deepEqual(next.need, { ...need, reasons: ["linux-image"] });
        assert.equal(
          saved(decide(before, seen({ closed, held: false }), policy(), noon)).need?.since,
          iso(noon),
        );
      },
      "writes that the reboot may wait": () => {
        const closed: Closed[] = [{ gate: "alerts", code: "active", message: "1 alert" }];
        const need = { state: "needed", source: "file", reasons: ["patched live"], urgency: "low" } as const;
        const next = saved(decide(needy, { ...seen({ closed, held: false }), need }, policy(), noon));
        assert.equal(next.need?.urgency, "low");
      },
      "keeps since when each reason holds": () => {
        const closed: Closed[] = [
          { gate: "alerts", code: "active", message: "1 alert" },
          { gate: "pods", code: "blocking", message: "db-0" },
        ];
        const before = record({
          phase: "Waiting",
          cordoned: false,
          reasons: [{ gate: "alerts", code: "active", message: "1 alert", since: iso(noon) }],
        });
        const next = saved(decide(before, seen({ closed, held: false }), policy(), noon + minute));
        assert.deepEqual(
          next.reasons.map(({ since }) => since),
          [iso(noon), iso(noon + minute)],
        );
      },
      "tells a pause of all nodes from a lock that is taken": () => {
        const refusal = { gate: "paused", code: "cluster", message: "all nodes are paused" } as const;
        const next = saved(decide(needy, seen({ refusal, held: false }), policy(), noon));
        const reason = { gate: "paused", code: "cluster", message: "all nodes are paused" };
        assert.deepEqual(next.reasons, [{ ...reason, since: iso(noon) }]);
      },
      "does not count those in the lock on the Node": () => {
        const refusal = {
          gate: "lock",
          code: "lock-taken",
          message: "all slots are taken (2 of 2)",
        } as const;
        const reasons = [{ gate: "lock", code: refusal.code, message: "(1 of 1)", since: iso(noon) }];
        const before = record({ phase: "Waiting", cordoned: false, reportedAt: iso(noon), reasons });
        const facts = seen({ refusal, held: false, rewordAt: noon });
        const decision = decide(before, facts, policy(), noon + 60 * minute);
        assert.equal(action(decision).do, "wait");
      },
      "corrects the words on the Node at once where another process has written them, perhaps with other options":
        () => {
          const refusal = {
            gate: "lock",
            code: "lock-taken",
            message: "all slots are taken (2 of 2)",
          } as const;
          const reasons = [{ gate: "lock", code: refusal.code, message: "(1 of 1)", since: iso(noon) }];
          const before = record({ phase: "Waiting", cordoned: false, reportedAt: iso(noon), reasons });
          const next = saved(decide(before, seen({ refusal, held: false }), policy(), noon + 1000));
          assert.deepEqual(next.reasons, [{ ...reasons[0], message: refusal.message }]);
        },
      "writes the new words of a person about the lock, once it is time": () => {
        const refusal = { gate: "lock", code: "lock-manual", message: 'set by hand: "new"' } as const;
        const reasons = [
          { gate: "lock", code: refusal.code, message: 'set by hand: "old"', since: iso(noon) },
        ];
        const before = record({ phase: "Waiting", cordoned: false, reportedAt: iso(noon), reasons });
        const facts = seen({ refusal, held: false, rewordAt: noon + minute });
        const waits = decide(before, facts, policy(), noon + 1000);
        assert.deepEqual(action(waits), { do: "wait", slot: true, until: noon + minute });
        assert.equal(
          saved(decide(before, facts, policy(), noon + minute)).reasons[0]?.message,
          refusal.message,
        );
      },
      "says who is in the way, but does not write it on the Node, where it would soon be wrong": () => {
        const refusal = {
          gate: "lock",
          code: "lock-taken",
          message: "all slots are taken",
          by: ["n2", "n3"],
        } as const;
        const decision = decide(needy, seen({ held: false, refusal }), policy(), noon);
        assert.equal(decision.why, "all slots are taken: n2, n3");
        assert.deepEqual(saved(decision).reasons, [
          { gate: "lock", code: "lock-taken", message: "all slots are taken", since: iso(noon) },
        ]);
      },
    }));

  it("waits until a slot is free, or a window or another node may have changed", () =>
    everyCase({
      "waits for a free slot when all are taken": () => {
        const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken" } as const;
        const next = saved(decide(needy, seen({ held: false, refusal }), policy(), noon));
        assert.equal(next.reasons[0]?.code, "lock-taken");
        assert.deepEqual(action(decide(next, seen({ held: false, refusal }), policy(), noon)), {
          do: "wait",
          slot: true,
        });
      },
      "asks again when the window opens, if that is sooner": () => {
        const closed: Closed[] = [{ gate: "window", code: "outside", message: "outside" }];
        const before = record({
          phase: "Waiting",
          cordoned: false,
          reasons: [{ gate: "window", code: "outside", message: "outside", since: iso(noon) }],
        });
        assert.deepEqual(
          action(decide(before, seen({ closed, held: false, changesAt: noon + 5000 }), policy(), noon)),
          {
            do: "wait",
            until: noon + 5000,
          },
        );
      },
      "looks again for itself where the control plane is not Ready, as the lock does not show that": () => {
        const message = "cp2 is not Ready";
        const refusal = {
          gate: "lock",
          code: "control-plane-not-ready",
          message,
          dependsOnNodes: true,
        } as const;
        const reasons = [{ ...refusal, since: iso(noon) }];
        const waiting = record({ phase: "Waiting", cordoned: false, reasons });
        assert.deepEqual(action(decide(waiting, seen({ held: false, refusal }), policy(), noon)), {
          do: "wait",
          slot: true,
          until: noon + minute,
        });
      },
      "looks again when the window ends, also while it waits for a slot": () => {
        const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken" } as const;
        const reasons = [{ ...refusal, since: iso(noon) }];
        const waiting = record({ phase: "Waiting", cordoned: false, reasons });
        const facts = seen({ held: false, refusal, changesAt: noon + 5 * minute });
        assert.deepEqual(action(decide(waiting, facts, policy(), noon)), {
          do: "wait",
          slot: true,
          until: noon + 5 * minute,
        });
      },
    }));

  it("cordons, and sets its labels and its taint, in the patch that begins the record", () =>
    everyCase({
      "cordons in the same patch that begins the record": () => {
        const next = saved(decide(needy, seen({ node: { unschedulable: false } }), policy(), noon));
        assert.equal(next.phase, "Draining");
        assert.equal(next.cordon, "set");
        assert.equal(next.cordoned, true);
        assert.equal(next.bootID, seen().bootID);
      },
      "sets its labels and its taint in the same patch, and says what was there": () => {
        const setting = policy({
          marks: marks({ labelsBefore: { state: "rebooting" }, softTaint: "pending" }),
        });
        const node = { unschedulable: false, labels: { state: "ready" } };
        const decided = action(decide(needy, seen({ node }), setting, noon));
        assert.ok(decided.do === "save");
        assert.deepEqual(decided.change, {
          labels: { state: "rebooting" },
          taints: [{ key: "pending", effect: "PreferNoSchedule" }],
          cordon: "set",
        });
        assert.deepEqual(decided.record.labels, [{ key: "state", set: "rebooting", found: "ready" }]);
        assert.equal(decided.record.taint, "pending");
      },
      "keeps a cordon that it found, and records that it is not its own": () => {
        const next = saved(decide(needy, seen({ node: { unschedulable: true } }), policy(), noon));
        assert.equal(next.cordon, undefined);
        assert.equal(next.cordoned, false);
      },
    }));

  it("does not reboot again for a need that outlived --max-reboots-per-need", () => {
    const next = saved(decide(idle({ phase: "Waiting", reboots: 2 }), seen({ held: false }), policy(), noon));
    assert.equal(next.phase, "Failed");
    assert.deepEqual(action(decide(next, seen({ held: false }), policy(), noon + 48 * 60 * minute)), {
      do: "wait",
    });
  });
});

describe("A slot that may be left over", () => {
  const closed: Closed[] = [{ gate: "window", code: "outside", message: "outside" }];
  const notHeld = { held: false, mayHoldSlot: true };

  it("is not released where the lock shows that there is none", () => {
    assert.equal(
      action(decide(idle({ phase: "Failed", failures: 1 }), seen(notHeld), policy(), noon)).do,
      "wait",
    );
    assert.equal(saved(decide(idle(), seen({ ...notHeld, closed }), policy(), noon)).phase, "Waiting");
  });
});
