import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Action, Decision, Policy } from "../../daemon/cycle/decision.ts";
import type { Observation } from "../../daemon/cycle/observation.ts";
import { type CycleRecord, parseRecord, writeRecord } from "../../daemon/cycle/record.ts";
import type { Closed } from "../../daemon/gates/reasons.ts";
import { toTheSecond } from "../../daemon/time/iso.ts";
import {
  idle,
  iso,
  marks,
  minute,
  noon,
  policy,
  record,
  running as runningWith,
  seen,
  unseen,
} from "./builders.ts";

function action(decision: Decision): Action {
  return decision.action;
}

/** The saved record, where the decision is to save one. */
function saved(decision: Decision): CycleRecord & { cordon: "set" | "clear" | undefined } {
  const { action } = decision;
  assert.equal(action.do, "save", `decided to ${action.do}: ${decision.why}`);
  assert.ok(action.do === "save");
  return { ...action.record, cordon: action.change.cordon };
}

describe("A node at rest", () => {
  it("looks first whether a reboot is needed", () => {
    assert.deepEqual(action(decide(idle(), unseen(), policy(), noon)), { do: "look", at: "need" });
  });

  it("waits while none is needed, without asking anybody else", () => {
    const { need, ...rest } = seen({ needed: false, held: false });
    assert.deepEqual(
      action(decide(idle(), { ...unseen({ held: false }), need: need ?? assert.fail() }, policy(), noon)),
      {
        do: "wait",
      },
    );
    assert.ok(rest);
  });

  const unknown = seen({ needed: "unknown", held: false });

  it("says so on the Node when it cannot tell whether one is needed, once", () => {
    const next = saved(decide(idle(), unknown, policy(), noon));
    const message = "cannot tell whether a reboot is needed: exit code 127";
    assert.equal(next.phase, "Waiting");
    assert.deepEqual(next.reasons, [{ gate: "need", code: "cannot-tell", message, since: iso(noon) }]);
    const decision = decide(next, unknown, policy(), noon + minute);
    assert.deepEqual([action(decision), decision.reasons], [{ do: "wait" }, next.reasons]);
  });

  it("keeps what it knows of the need when it cannot tell whether that has gone", () => {
    const waiting = record({ phase: "Waiting", cordoned: false });
    assert.deepEqual(saved(decide(waiting, unknown, policy(), noon)).need, waiting.need);
    const failed = idle({ phase: "Failed", failures: 1 });
    assert.deepEqual(action(decide(failed, unknown, policy(), noon)), { do: "wait" });
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

  it("gives back a slot that is left over from before a restart", () => {
    assert.deepEqual(action(decide(idle(), seen({ needed: false, held: true }), policy(), noon)), {
      do: "release",
    });
  });

  it("takes away what a Node of the same name has left in the lock", () => {
    const decision = decide(
      idle(),
      seen({ needed: false, held: false, hasStaleEntry: true }),
      policy(),
      noon,
    );
    assert.deepEqual(action(decision), { do: "release" });
  });

  it("looks at the lock before it says that it holds no slot", () => {
    const { lock, ...rest } = seen({ needed: false, mayHoldSlot: true });
    assert.deepEqual(action(decide(idle(), rest, policy(), noon)), { do: "look", at: "lock" });
    assert.ok(lock);
  });
});

describe("A node that needs a reboot", () => {
  const needy = idle();

  it("asks the gates before it asks the cluster for anything", () => {
    const { gates, ...rest } = seen({ held: false });
    assert.deepEqual(action(decide(needy, rest, policy(), noon)), {
      do: "look",
      at: "gates",
      stage: "start",
    });
    assert.ok(gates);
  });

  it("asks the gates for the slot once it is its turn, and again with the slot held", () => {
    const atStart = (facts: object) => decide(needy, seen({ stage: "start", ...facts }), policy(), noon);
    const asks = { do: "look", at: "gates", stage: "slot" };
    const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken" };
    assert.deepEqual(action(atStart({ held: false, turn: true })), asks);
    assert.deepEqual(action(atStart({ held: true, turn: false })), asks);
    assert.equal(atStart({ held: false, turn: false }).action.do, "wait");
    assert.equal(atStart({ held: false, refusal }).action.do, "save");
  });

  it("gives the slot back when a gate has closed since it was asked for", () => {
    const closed: Closed[] = [{ gate: "disruption", code: "budget-never", message: "no" }];
    assert.equal(decide(needy, seen({ closed }), policy(), noon).action.do, "release");
  });

  it("waits behind closed gates and writes every reason on the Node", () => {
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
  });

  it("writes nothing while the reasons stay the same, and asks again after a while", () => {
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
  });

  it("tells a pause of all nodes from a lock that is taken", () => {
    const refusal = { gate: "paused", code: "cluster", message: "all nodes are paused" } as const;
    const next = saved(decide(needy, seen({ refusal, held: false }), policy(), noon));
    const reason = { gate: "paused", code: "cluster", message: "all nodes are paused" };
    assert.deepEqual(next.reasons, [{ ...reason, since: iso(noon) }]);
  });

  it("does not count those in the lock on the Node", () => {
    const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken (2 of 2)" } as const;
    const reasons = [{ gate: "lock", code: refusal.code, message: "(1 of 1)", since: iso(noon) }];
    const before = record({ phase: "Waiting", cordoned: false, reportedAt: iso(noon), reasons });
    const facts = seen({ refusal, held: false, rewordAt: noon });
    const decision = decide(before, facts, policy(), noon + 60 * minute);
    assert.equal(action(decision).do, "wait");
  });

  it("sets the words on the Node right at once where another process, perhaps with other options, has written them", () => {
    const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken (2 of 2)" } as const;
    const reasons = [{ gate: "lock", code: refusal.code, message: "(1 of 1)", since: iso(noon) }];
    const before = record({ phase: "Waiting", cordoned: false, reportedAt: iso(noon), reasons });
    const next = saved(decide(before, seen({ refusal, held: false }), policy(), noon + 1000));
    assert.deepEqual(next.reasons, [{ ...reasons[0], message: refusal.message }]);
  });

  it("writes what a person has said of the lock in its new words, once it is time", () => {
    const refusal = { gate: "lock", code: "lock-manual", message: 'set by hand: "new"' } as const;
    const reasons = [{ gate: "lock", code: refusal.code, message: 'set by hand: "old"', since: iso(noon) }];
    const before = record({ phase: "Waiting", cordoned: false, reportedAt: iso(noon), reasons });
    const facts = seen({ refusal, held: false, rewordAt: noon + minute });
    const waits = decide(before, facts, policy(), noon + 1000);
    assert.deepEqual(action(waits), { do: "wait", slot: true, until: noon + minute });
    assert.equal(saved(decide(before, facts, policy(), noon + minute)).reasons[0]?.message, refusal.message);
  });

  it("asks again when the window opens, if that is sooner", () => {
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
  });

  it("keeps since when each reason holds", () => {
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
  });

  it("waits for a free slot when all are taken", () => {
    const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken" } as const;
    const next = saved(decide(needy, seen({ held: false, refusal }), policy(), noon));
    assert.equal(next.reasons[0]?.code, "lock-taken");
    assert.deepEqual(action(decide(next, seen({ held: false, refusal }), policy(), noon)), {
      do: "wait",
      slot: true,
    });
  });

  it("says who is in the way, but does not write it on the Node, where it would soon be wrong", () => {
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
  });

  it("looks again for itself where the control plane is not Ready, as the lock does not show that", () => {
    const message = "cp2 is not Ready";
    const refusal = { gate: "lock", code: "control-plane-not-ready", message, dependsOnNodes: true } as const;
    const reasons = [{ ...refusal, since: iso(noon) }];
    const waiting = record({ phase: "Waiting", cordoned: false, reasons });
    assert.deepEqual(action(decide(waiting, seen({ held: false, refusal }), policy(), noon)), {
      do: "wait",
      slot: true,
      until: noon + minute,
    });
  });

  it("looks again when the window ends, also while it waits for a slot", () => {
    const refusal = { gate: "lock", code: "lock-taken", message: "all slots are taken" } as const;
    const reasons = [{ ...refusal, since: iso(noon) }];
    const waiting = record({ phase: "Waiting", cordoned: false, reasons });
    const facts = seen({ held: false, refusal, changesAt: noon + 5 * minute });
    assert.deepEqual(action(decide(waiting, facts, policy(), noon)), {
      do: "wait",
      slot: true,
      until: noon + 5 * minute,
    });
  });

  it("lets others try first until it is its turn", () => {
    const decision = decide(needy, seen({ held: false, turn: false }), policy(), noon);
    assert.deepEqual(action(decision), { do: "wait", slot: true });
  });

  it("goes on with a slot that it holds, turn or not", () => {
    assert.equal(saved(decide(needy, seen({ turn: false }), policy(), noon)).phase, "Draining");
  });

  for (const missing of ["lock", "node"] as const) {
    it(`looks at the ${missing} before it asks for a slot`, () => {
      const partly = seen({ held: false });
      delete partly[missing];
      assert.deepEqual(action(decide(needy, partly, policy(), noon)), { do: "look", at: missing });
    });
  }

  it("takes the slot when nothing speaks against it", () => {
    assert.deepEqual(action(decide(needy, seen({ held: false }), policy(), noon)), { do: "acquire" });
    const { ownPods, ...rest } = seen({ held: false });
    assert.deepEqual(action(decide(needy, rest, policy(), noon)), { do: "look", at: "pods" });
    assert.ok(ownPods);
  });

  it("asks for no slot while the cluster has no Node of its name", () => {
    assert.equal(action(decide(needy, seen({ held: false, node: "gone" }), policy(), noon)).do, "wait");
  });

  it("cordons in the same patch that begins the record", () => {
    const next = saved(decide(needy, seen({ node: { unschedulable: false } }), policy(), noon));
    assert.equal(next.phase, "Draining");
    assert.equal(next.cordon, "set");
    assert.equal(next.cordoned, true);
    assert.equal(next.bootID, seen().bootID);
  });

  it("sets its labels and its taint in the same patch, and says what was there", () => {
    const setting = policy({ marks: marks({ labelsBefore: { state: "rebooting" }, softTaint: "pending" }) });
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
  });

  it("leaves alone the cordon that it found, and says that it is not its own", () => {
    const next = saved(decide(needy, seen({ node: { unschedulable: true } }), policy(), noon));
    assert.equal(next.cordon, undefined);
    assert.equal(next.cordoned, false);
  });

  it("gives the slot back when a gate has closed since it was asked for", () => {
    const closed: Closed[] = [{ gate: "alerts", code: "active", message: "1 alert" }];
    assert.deepEqual(action(decide(needy, seen({ closed }), policy(), noon)), { do: "release" });
  });

  it("writes its Node first where a write of that had no answer: a cordon must not come after the release", () => {
    const closed: Closed[] = [{ gate: "window", code: "outside", message: "outside the window" }];
    const { node, ...rest } = seen({ closed });
    assert.ok(node !== undefined && node !== "gone");
    const unsure = { ...rest, node, unanswered: node.resourceVersion };
    const next = saved(decide(needy, unsure, policy(), noon));
    assert.deepEqual([next.phase, next.reportedAt], [needy.phase, iso(noon)]);
    const silent = record({ phase: "Waiting", cordoned: false });
    const [said] = saved(decide(silent, unsure, policy(), noon)).reasons;
    assert.deepEqual([said?.gate, said?.code], ["node", "unanswered"], "a node that waits says for what");
    const waits = {
      ...silent,
      reasons: [{ gate: "window", code: "outside", message: "", since: iso(noon) }],
    };
    assert.deepEqual(saved(decide(waits, unsure, policy(), noon)).reasons, waits.reasons);
    const looks = decide(needy, { ...rest, unanswered: node.resourceVersion }, policy(), noon);
    assert.deepEqual(action(looks), { do: "look", at: "node" });
    const since = { ...unsure, unanswered: "an earlier version" };
    assert.deepEqual(action(decide(needy, since, policy(), noon)), { do: "release" });
    assert.deepEqual(action(decide(needy, { ...unsure, node: "gone" }, policy(), noon)), { do: "release" });
  });

  it("gives the slot back with nothing to tell of a cycle before, when all is halted before this one began", () => {
    const outcome = { result: "failed", at: iso(noon), message: "why" } as const;
    const refusal = { gate: "lock", code: "halted", message: "3 nodes failed to reboot in a row" } as const;
    const decision = decide({ ...needy, outcome }, seen({ refusal }), policy(), noon);
    assert.deepEqual(action(decision), { do: "release" });
  });

  it("gives the slot back when somebody has set the lock by hand before the cycle began", () => {
    const refusal = { gate: "lock", code: "lock-manual", message: "set by hand" } as const;
    assert.deepEqual(action(decide(needy, seen({ refusal }), policy(), noon)), { do: "release" });
  });

  it("does not reboot again for a need that outlived the allowed number of reboots", () => {
    const next = saved(decide(idle({ phase: "Waiting", reboots: 2 }), seen({ held: false }), policy(), noon));
    assert.equal(next.phase, "Failed");
    assert.deepEqual(action(decide(next, seen({ held: false }), policy(), noon + 48 * 60 * minute)), {
      do: "wait",
    });
  });
});

describe("A node that is about to be cordoned", () => {
  const needy = idle({ phase: "Waiting" });
  const free = { unschedulable: false };

  it("writes down which of its pods were Ready and which were not, and no more names than a Node has room for", () => {
    const facts = { node: free, ready: ["kube-system/cni"], unready: ["kube-system/gpu"] };
    const next = saved(decide(needy, seen(facts), policy(), noon));
    assert.deepEqual(next.ownPods, { ready: ["kube-system/cni"], unready: ["kube-system/gpu"] });
    const many = Array.from({ length: 80 }, (_, n) => `kube-system/p${n}`);
    const { ownPods } = saved(
      decide(needy, seen({ node: free, ready: many, unready: many }), policy(), noon),
    );
    assert.deepEqual(ownPods, { ready: many.slice(0, 50), unready: many.slice(0, 50) });
  });

  it("does not start, holds no slot and says so while its pods cannot be seen", () => {
    const unseen = { node: free, unready: "pods are forbidden" };
    assert.deepEqual(action(decide(needy, seen(unseen), policy(), noon)), { do: "release" });
    const decision = decide(needy, seen({ ...unseen, held: false }), policy(), noon);
    const message = "cannot tell which pods of this node are Ready: pods are forbidden";
    const reasons = [{ gate: "node", code: "cannot-tell", message, since: iso(noon) }];
    assert.deepEqual(saved(decision).reasons, reasons);
    const again = decide(saved(decision), seen({ ...unseen, held: false }), policy(), noon + 1000);
    assert.deepEqual(action(again), { do: "wait", until: noon + 1000 + minute });
  });
});

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

  it("bears it while only the lock is in the way", () => {
    assert.deepEqual(change(decide(idle(), seen({ held: false, refusal }), tainting, noon)), [
      "Waiting",
      "pending",
      { taints: [soft] },
    ]);
  });

  it("bears it while a drain that could not succeed is in the way, so that operators can move their pods", () => {
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
  });

  it("looks at the Node first, where taints of others may be", () => {
    const { node, ...rest } = seen({ held: false, refusal });
    assert.ok(node);
    assert.deepEqual(action(decide(idle(), rest, tainting, noon)), { do: "look", at: "node" });
    const gone = seen({ held: false, refusal, node: "gone" });
    assert.equal(action(decide(idle(), gone, tainting, noon)).do, "wait");
  });

  it("writes nothing more while that stays so", () => {
    assert.equal(action(decide(waiting, seen({ held: false, refusal }), tainting, noon)).do, "wait");
  });

  it("bears it no longer when another gate closes", () => {
    const facts = { held: false, closed, node: { taints: [soft] } };
    assert.deepEqual(change(decide(waiting, seen(facts), tainting, noon)), [
      "Waiting",
      undefined,
      { taints: [] },
    ]);
  });

  it("bears it no longer when no reboot is needed any more", () => {
    const facts = { needed: false, held: false, node: { taints: [soft] } };
    assert.deepEqual(change(decide(waiting, seen(facts), tainting, noon)), [
      "Idle",
      undefined,
      { taints: [] },
    ]);
  });

  it("bears it no longer when another reboot would not help", () => {
    const facts = { held: false, node: { taints: [soft] } };
    const often = { ...waiting, reboots: 2 };
    assert.deepEqual(change(decide(often, seen(facts), tainting, noon)), [
      "Failed",
      undefined,
      { taints: [] },
    ]);
  });
});

describe("A node whose reboot is requested", () => {
  const requested = seen({ request: "new firmware", held: false });

  it("forgets for it what has failed, and how often it has rebooted before", () => {
    const failed = idle({ phase: "Failed", failures: 5, reboots: 2, taint: "k" });
    const next = saved(decide(failed, requested, policy(), noon));
    assert.deepEqual(
      [next.phase, next.failures, next.reboots, next.request, next.taint],
      ["Waiting", 0, 0, "new firmware", "k"],
    );
    assert.equal(next.need?.since, iso(noon));
    assert.equal(next.acceptedAt, iso(noon));
  });

  it("does not get another place among those that wait for it", () => {
    const leftAt = iso(noon - minute);
    assert.equal(saved(decide(idle({ failures: 1, leftAt }), requested, policy(), noon)).leftAt, leftAt);
  });

  it("heeds a request that lifts nothing, and may heed another one after it", () => {
    const next = saved(decide(idle(), requested, policy(), noon));
    assert.deepEqual([next.phase, next.request, next.acceptedAt], ["Waiting", "new firmware", undefined]);
  });

  const acceptAt = noon + 10 * minute;
  const heeded = { acceptedAt: iso(acceptAt - 60 * minute), request: "old firmware" };
  const notYet: [what: string, record: Partial<CycleRecord>, until: number][] = [
    ["its rest", { failures: 1 }, noon + minute],
    ["the longest rest", { failures: 20 }, acceptAt],
    ["its being given up", { failures: 5 }, acceptAt],
    ["the limit of reboots", { reboots: 2 }, acceptAt],
  ];
  for (const [what, changes, until] of notYet) {
    it(`within an hour of another request that was heeded has not ended ${what}`, () => {
      const failed = idle({ phase: "Failed", ...heeded, ...changes });
      const limits = policy({ maxFailuresPerNode: changes.failures === 5 ? 5 : 0 });
      assert.deepEqual(action(decide(failed, requested, limits, noon)), { do: "wait", until });
      const next = saved(decide(failed, requested, limits, acceptAt));
      assert.deepEqual([next.failures, next.reboots, next.request], [0, 0, "new firmware"]);
    });
  }

  const { request: _, ...served } = heeded;
  const only = {
    state: "needed",
    source: "request",
    reasons: ["requested"],
    request: "new firmware",
  } as const;

  it("within an hour of another one that was served waits for that hour, and says so", () => {
    const decision = decide(idle(served), { ...requested, need: only }, policy(), noon);
    const next = saved(decision);
    assert.deepEqual(
      next.reasons.map(({ gate, code }) => `${gate} ${code}`),
      ["rest requested"],
    );
    assert.match(
      decision.why,
      /^another request was accepted .*; this one will be accepted at 2026-11-24T12:10:00Z, or at once/,
    );
    const said = decide(next, { ...requested, need: only }, policy(), noon + minute);
    assert.deepEqual(action(said), { do: "wait", until: acceptAt });
    assert.equal(
      saved(decide(next, { ...requested, need: only }, policy(), acceptAt)).request,
      "new firmware",
    );
  });

  it("waits for nothing of that where the host itself needs the reboot", () => {
    assert.equal(action(decide(idle(served), requested, policy(), noon)).do, "acquire");
  });

  it("tries again by itself what was requested before, though the words are other ones", () => {
    const waiting = { ...requested, need: only };
    const failed = idle({ phase: "Failed", ...heeded, failures: 1 });
    assert.equal(action(decide(failed, waiting, policy(), noon + minute)).do, "acquire");
  });

  it("has had a request heeded with the reboot that served it, and none with another one", () => {
    const back = record({ phase: "Returning", since: iso(noon - minute), acceptedAt: served.acceptedAt });
    const facts = seen({ rebooted: true, readySince: noon - minute });
    assert.equal(saved(decide({ ...back, request: "disk" }, facts, policy(), noon)).acceptedAt, iso(noon));
    assert.equal(saved(decide(back, facts, policy(), noon)).acceptedAt, served.acceptedAt);
  });

  it("heeds the same request once: a failure after it has its rest", () => {
    const failed = idle({ phase: "Failed", failures: 1, request: "new firmware" });
    assert.equal(action(decide(failed, requested, policy(), noon)).do, "wait");
  });

  it("keeps its failures when the request is taken back, and a reboot is needed all the same", () => {
    const failed = idle({ phase: "Failed", failures: 1, request: "new firmware" });
    const next = saved(decide(failed, seen({ held: false }), policy(), noon));
    assert.deepEqual([next.phase, next.failures, next.request], ["Failed", 1, undefined]);
  });

  const empty = { drain: { state: "done", at: noon }, stage: "reboot" } as const;

  it("serves with a reboot what has been requested before it", () => {
    const facts = seen({ ...empty, request: "new firmware" });
    assert.equal(saved(decide(record({ phase: "Draining" }), facts, policy(), noon)).request, "new firmware");
  });

  for (const [requested, annotations] of [
    ["new firmware", { "rebootd.dev/reboot-requested": null }],
    ["new memory", undefined],
  ] as const) {
    it(`has none any more once it is back, unless that is another: ${requested}`, () => {
      const returning = record({ phase: "Returning", request: "new firmware" });
      const facts = seen({ rebooted: true, readySince: noon - minute, node: { requested } });
      const { action } = decide(returning, facts, policy(), noon);
      assert.ok(action.do === "save");
      assert.deepEqual([action.record.phase, action.record.request], ["Settling", undefined]);
      assert.deepEqual(action.change.annotations, annotations);
    });
  }
});

describe("A node with a delay before the drain", () => {
  const delaying = policy({
    drainDelayMs: 2 * minute,
    marks: marks({ labelsBefore: { state: "rebooting" } }),
  });
  const labels = [{ key: "state", set: "rebooting" }];
  const announced = record({ phase: "Draining", announced: true, cordoned: false, labels });
  const schedulable = { unschedulable: false };

  it("sets its labels at once, and does not cordon yet", () => {
    const decided = action(decide(idle(), seen({ node: schedulable }), delaying, noon));
    assert.ok(decided.do === "save");
    assert.deepEqual(decided.change, { labels: { state: "rebooting" } });
    assert.deepEqual(
      [decided.record.phase, decided.record.announced, decided.record.cordoned],
      ["Draining", true, false],
    );
  });

  it("waits, and takes it for nobody's deed that it is not cordoned", () => {
    const decision = decide(announced, seen({ node: schedulable }), delaying, noon + minute);
    assert.deepEqual(action(decision), { do: "wait", until: noon + 2 * minute });
  });

  it("cordons then, and the time of the drain counts from there", () => {
    const later = noon + 2 * minute;
    const next = saved(decide(announced, seen({ node: schedulable }), delaying, later));
    assert.deepEqual(
      [next.cordon, next.cordoned, next.announced, next.since],
      ["set", true, false, iso(later)],
    );
  });

  it("leaves the cordon to a person who has set it meanwhile", () => {
    const next = saved(decide(announced, seen(), delaying, noon + 2 * minute));
    assert.deepEqual([next.cordon, next.cordoned, next.announced], [undefined, false, false]);
  });

  it("has its own cordon already where a restore has brought that back", () => {
    const next = saved(decide({ ...announced, cordoned: true }, seen(), delaying, noon + 2 * minute));
    assert.deepEqual([next.cordon, next.cordoned, next.announced], [undefined, true, false]);
  });

  it("is given back with its labels as they were when the need goes away", () => {
    const facts = seen({ needed: false, node: { ...schedulable, labels: { state: "rebooting" } } });
    const decided = action(decide(announced, facts, delaying, noon));
    assert.ok(decided.do === "save");
    assert.deepEqual(decided.change, { labels: { state: null } });
    assert.deepEqual([decided.record.phase, decided.record.labels], ["Restoring", []]);
  });

  it("returns when the machine went down by itself meanwhile", () => {
    const decision = decide(announced, seen({ rebooted: true }), delaying, noon);
    assert.equal(saved(decision).phase, "Returning");
  });
});

describe("What is left on a Node at rest", () => {
  for (const phase of ["Idle", "Waiting", "Failed"] as const) {
    it(`is undone where the record says that it is ours: ${phase}`, () => {
      const next = saved(decide(record({ phase, cordoned: true }), seen(), policy(), noon));
      assert.deepEqual([next.phase, next.cordon, next.cordoned], ["Restoring", "clear", false]);
      assert.match(next.outcome?.message ?? "", /interrupted/);
    });
  }

  it("may be labels alone; the record says why", () => {
    const outcome = { result: "withdrawn", at: iso(noon), message: "an unknown phase" } as const;
    const labels = [{ key: "state", set: "rebooting" }];
    const left = record({ phase: "Waiting", cordoned: false, labels, outcome });
    const decision = decide(left, seen({ node: { labels: { state: "rebooting" } } }), policy(), noon);
    const decided = action(decision);
    assert.ok(decided.do === "save");
    assert.deepEqual(decided.change, { labels: { state: null } });
    assert.match(decision.why, /an unknown phase/);
  });
});

describe("A slot that may be left over", () => {
  const closed: Closed[] = [{ gate: "window", code: "outside", message: "outside" }];
  const notHeld = { held: false, mayHoldSlot: true };

  it("is not given back where the lock shows that there is none", () => {
    assert.equal(
      action(decide(idle({ phase: "Failed", failures: 1 }), seen(notHeld), policy(), noon)).do,
      "wait",
    );
    assert.equal(saved(decide(idle(), seen({ ...notHeld, closed }), policy(), noon)).phase, "Waiting");
  });
});

describe("A failed node", () => {
  const failed = (failures: number) => idle({ phase: "Failed", failures });
  for (const [failures, pause] of [
    [1, minute],
    [2, 2 * minute],
    [3, 4 * minute],
    [7, 60 * minute],
    [30, 60 * minute],
  ] as const) {
    it(`rests for ${pause / minute} minutes after ${failures} failures`, () => {
      const never = policy({ maxFailuresPerNode: 0 });
      assert.deepEqual(action(decide(failed(failures), seen({ held: false }), never, noon)), {
        do: "wait",
        until: noon + pause,
      });
      const later = decide(failed(failures), seen({ held: false }), never, noon + pause);
      assert.equal(action(later).do, "acquire");
    });
  }

  it("says what failed, and when it tries again", () => {
    const outcome = { result: "failed", at: iso(noon), message: "the drain broke" } as const;
    const { why } = decide({ ...failed(1), outcome }, seen({ held: false }), policy(), noon);
    assert.equal(why, "backing off after 1 failure (the drain broke); next attempt at 2026-11-24T12:01:00Z");
  });

  it("is left alone after too many failures, and says so on the Node, until a person asks", () => {
    const outcome = { result: "failed", at: iso(noon), message: "the drain broke" } as const;
    const restoring = record({ phase: "Restoring", cordoned: false, failures: 3, outcome });
    const next = saved(decide(restoring, seen({ held: false }), policy(), noon));
    assert.equal(next.phase, "Failed");
    assert.deepEqual(
      next.reasons.map(({ gate, code }) => [gate, code]),
      [["failures", "given-up"]],
    );
    assert.match(
      next.reasons[0]?.message ?? "",
      /^gave up after 3 failures in a row; run 'rebootd resume NODE' or /,
    );
    const later = decide(next, seen({ held: false }), policy(), noon + 24 * 60 * minute);
    assert.deepEqual([action(later), later.reasons], [{ do: "wait" }, next.reasons]);
    const slow = { ...next, slowGraceSeconds: 7200 };
    const heeded = saved(decide(slow, seen({ held: false, request: "true" }), policy(), noon));
    assert.deepEqual([heeded.phase, heeded.failures, heeded.reasons], ["Waiting", 0, []]);
    assert.equal(heeded.slowGraceSeconds, undefined, "a pod that has outlasted a drain is tried once more");
  });

  it("leaves the slot to others meanwhile", () => {
    assert.deepEqual(action(decide(failed(1), seen({ held: true }), policy(), noon)), { do: "release" });
  });
});

describe("A node whose cycle was broken off", () => {
  const outcome = {
    result: "withdrawn",
    at: iso(noon),
    message: "this node no longer holds the slot",
  } as const;
  const waiting = (withdrawals: number) =>
    record({ phase: "Waiting", cordoned: false, withdrawals, outcome });

  for (const [withdrawals, pause] of [
    [1, 2 * minute],
    [2, 10 * minute],
    [3, 50 * minute],
    [4, 60 * minute],
    [50, 60 * minute],
  ] as const) {
    it(`rests for ${pause / minute} minutes after ${withdrawals} such cycles, and says so`, () => {
      const next = saved(decide(waiting(withdrawals), seen({ held: false }), policy(), noon));
      assert.deepEqual(
        next.reasons.map(({ gate, code, message }) => [gate, code, message]),
        [
          [
            "rest",
            "withdrawn",
            `backing off after a cancelled cycle (this node no longer holds the slot); next attempt at ${toTheSecond(noon + pause)}`,
          ],
        ],
      );
      const still = decide(next, seen({ held: false }), policy(), noon);
      assert.deepEqual(action(still), { do: "wait", until: noon + pause });
      const later = decide(waiting(withdrawals), seen({ held: false }), policy(), noon + pause);
      assert.equal(action(later).do, "acquire");
    });
  }

  it("counts it when it is restored, and no failure with it", () => {
    const next = saved(decide(record({ phase: "Draining" }), seen({ held: false }), policy(), noon));
    assert.deepEqual([next.withdrawals, next.failures, next.outcome], [1, 0, outcome]);
  });

  it("no longer counts it once it has rebooted, or where a person asks", () => {
    const back = record({ phase: "Returning", withdrawals: 3, failures: 2, since: iso(noon - minute) });
    const next = saved(decide(back, seen({ rebooted: true, readySince: noon - minute }), policy(), noon));
    assert.deepEqual([next.phase, next.withdrawals, next.failures], ["Settling", 0, 0]);
    const heeded = saved(decide(waiting(3), seen({ held: false, request: "true" }), policy(), noon));
    assert.equal(heeded.withdrawals, 0);
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

describe("What the API server refuses", () => {
  const resting = (setbacks: Observation["setbacks"], facts = {}) =>
    decide(
      record({ phase: "Waiting", cordoned: false }),
      seen({ held: false, setbacks, ...facts }),
      policy(),
      noon,
    );
  const setback = { times: 7, until: noon + minute, why: "patch: 403: no", isRefused: false };

  it("is said on the Node where it is the lock, and not tried before its time", () => {
    const next = saved(resting({ acquire: setback }));
    assert.deepEqual(
      next.reasons.map(({ gate, code, message }) => [gate, code, message]),
      [["lock", "unwritable", "the lock cannot be written: patch: 403: no"]],
    );
    assert.equal(action(resting({ acquire: { ...setback, until: noon } })).do, "acquire");
  });

  it("gives the slot to others, as a failure, where it is the beginning of the cycle, again and again", () => {
    const message = "the API server rejects the start of the cycle: patch: 403: no";
    assert.deepEqual(action(resting({ begin: setback }, { held: true })), {
      do: "release",
      end: { result: "failed", at: iso(noon), message, during: "drain" },
    });
    const next = saved(resting({ begin: setback }));
    assert.deepEqual(
      next.reasons.map(({ gate, code, message }) => [gate, code, message]),
      [["node", "unwritable", message]],
    );
    assert.equal(action(resting({ begin: { ...setback, until: noon } })).do, "acquire");
  });

  for (const trial of ["begin", "rehearse"] as const) {
    it(`is said on the Node at once where the server is sure of it, by its ${trial}`, () => {
      const first = { ...setback, times: 1, isRefused: true };
      assert.deepEqual(
        saved(resting({ [trial]: first })).reasons.map(({ gate, code }) => [gate, code]),
        [["node", "unwritable"]],
      );
      assert.equal(action(resting({ [trial]: { ...first, until: noon } })).do, "acquire");
    });
  }

  it("is tried before anything else speaks against the reboot, and before a slot is taken", () => {
    const facts = {
      isRehearsed: false,
      held: false,
      closed: [{ gate: "window", code: "outside", message: "no" } satisfies Closed],
    };
    const waits = record({ phase: "Waiting", cordoned: false });
    assert.deepEqual(action(decide(waits, seen(facts), policy(), noon)), { do: "look", at: "rehearsal" });
    const { node, ...unseen } = seen(facts);
    assert.ok(node);
    assert.deepEqual(action(decide(waits, unseen, policy(), noon)), { do: "look", at: "node" });
    assert.equal(action(decide(waits, { ...unseen, node: "gone" }, policy(), noon)).do, "wait");
  });

  it("is said in so many words, but no more of them than a Node has room for", () => {
    const endless = { ...setback, why: "no ".repeat(10_000) };
    for (const trial of ["acquire", "begin"]) {
      const [{ message } = assert.fail()] = saved(resting({ [trial]: endless })).reasons;
      assert.ok(message.length < 1000, `${message.length} characters`);
    }
  });

  it("ends a drain at its deadline, whatever else it waits for", () => {
    const draining = record({ phase: "Draining" });
    const refused = seen({ node: { unschedulable: false }, refused: "patch: 403: no" });
    assert.equal(saved(decide(draining, refused, policy(), noon + minute)).phase, "Draining");
    const { phase, outcome } = saved(decide(draining, refused, policy(), noon + 15 * minute));
    assert.deepEqual([phase, outcome?.result], ["Restoring", "failed"]);
    assert.match(outcome?.message ?? "", /^the API server rejects the change to this Node: patch: 403: no$/);
    const away = { ...refused, unreachableMs: minute };
    assert.equal(saved(decide(draining, away, policy(), noon + 15 * minute)).phase, "Draining");
  });

  it("keeps its slot for the first few times, and looks at nothing before the next try", () => {
    const few = { ...setback, times: 2 };
    const { need = assert.fail() } = seen();
    const soon = { ...unseen({ setbacks: { begin: few } }), need };
    const before = decide(record({ phase: "Waiting", cordoned: false }), soon, policy(), noon);
    assert.deepEqual(action(before), { do: "wait", until: noon + minute });
    assert.match(before.why, /rejects the start of the cycle: patch: 403: no/);
    const then = resting({ begin: { ...few, until: noon } }, { held: true });
    assert.equal(saved(then).phase, "Draining");
  });
});

describe("A node that comes back while the API server cannot be reached", () => {
  it("is not late for that, as nothing could be seen of it", () => {
    const returning = record({ phase: "Returning" });
    const facts = { rebooted: true, node: { ready: false }, unreachableMs: 60 * minute };
    const why = (now: number) => decide(returning, seen(facts), policy(), now).why;
    assert.doesNotMatch(why(noon + 60 * minute), /longer than/);
    assert.match(why(noon + 90 * minute), /for longer than --ready-timeout/);
  });

  it("is looked at once a minute, and not each time that the deadline moves on with the time", () => {
    const facts = seen({ rebooted: true, node: { ready: false }, unreachableMs: 60 * minute });
    const due = noon + 60 * minute + policy().readyTimeoutMs;
    const decision = decide(record({ phase: "Returning" }), facts, policy(), due - 1000);
    assert.deepEqual(action(decision), { do: "wait", until: due - 1000 + policy().gateRecheckMs });
  });
});

describe("A draining node whose API server could not be reached for a while", () => {
  it("has as much more time, as nothing could be evicted", () => {
    const draining = record({ phase: "Draining" });
    const late = noon + 15 * minute;
    const none = seen({ unreachableMs: 10 * minute });
    assert.deepEqual(action(decide(draining, none, policy(), late)), {
      do: "drain",
      cordonedAt: noon,
      deadline: late + 10 * minute,
      deleteAt: Number.POSITIVE_INFINITY,
    });
    assert.equal(saved(decide(draining, none, policy(), late + 10 * minute)).phase, "Restoring");
  });
});

describe("A draining node", () => {
  const draining = record({ phase: "Draining" });
  const running = runningWith();

  it("evicts, with the deadline that counts from the cordon", () => {
    assert.deepEqual(action(decide(draining, seen(), policy(), noon + minute)), {
      do: "drain",
      cordonedAt: noon,
      deadline: noon + 15 * minute,
      deleteAt: Number.POSITIVE_INFINITY,
    });
  });

  it("waits while pods remain", () => {
    const decision = decide(draining, seen({ drain: running }), policy(), noon);
    assert.deepEqual(action(decision), { do: "wait", until: noon + minute / 2 });
    assert.equal(decision.drainEnds, noon + 15 * minute);
  });

  const leftSays = "2 pods remain: shop/cart-0: no room in budget cart; shop/cart-1: is terminating";
  const nextSays = "at 2026-11-24T12:15:00Z the node is restored";

  it("says on the Node which pods are left, why, and what follows when: half a minute after the cordon, then when that changes", () => {
    const half = noon + minute / 2;
    const next = saved(decide(draining, seen({ drain: running }), policy(), half));
    const message = `${leftSays}; ${nextSays}`;
    assert.equal(next.phase, "Draining");
    assert.equal(next.since, draining.since, "the deadline stays");
    assert.deepEqual(next.reasons, [{ gate: "drain", code: "pods-left", message, since: iso(half) }]);
    const again = decide(next, seen({ drain: running }), policy(), half + 5 * minute);
    assert.deepEqual(action(again), { do: "wait", until: noon + 15 * minute });
    assert.deepEqual([again.why, again.reasons], [message, next.reasons]);
    const fewer = seen({ drain: runningWith({ podsLeft: 1 }) });
    assert.deepEqual(action(decide(next, fewer, policy(), half + 1000)), {
      do: "wait",
      until: noon + minute,
    });
    const renewed = saved(decide(next, fewer, policy(), noon + minute));
    assert.match(renewed.reasons[0]?.message ?? "", /^1 pod remains/);
    assert.equal(renewed.reasons[0]?.since, iso(half));
  });

  it("says so ever more rarely in a long drain, and not sooner for what it said while it waited", () => {
    const long = policy({ drainTimeoutMs: 24 * 60 * minute });
    const after = noon + 5 * 60 * minute;
    const told = record({ ...draining, reportedAt: iso(after), reasons: [] });
    const decision = decide(told, seen({ drain: running }), long, after + minute);
    assert.deepEqual(action(decision), { do: "wait", until: after + 30 * minute });
    const before = record({ ...draining, reportedAt: iso(noon - minute) });
    assert.equal(action(decide(before, seen({ drain: running }), long, noon + minute / 2 - 1)).do, "wait");
  });

  for (const [what, changes, at, says] of [
    [
      "deletes later",
      { drainDeleteAfterMs: 10 * minute },
      1,
      "pods will be deleted from 2026-11-24T12:10:00Z on; at 2026-11-24T12:15:00Z the node is restored",
    ],
    [
      "deletes now",
      { drainDeleteAfterMs: 10 * minute },
      11,
      "pods are being deleted; at 2026-11-24T12:15:00Z the node is restored",
    ],
    ["reboots anyway", { rebootAnyway: true }, 1, "at 2026-11-24T12:15:00Z the node reboots anyway"],
  ] as const) {
    it(`says what follows where the escalation ${what}`, () => {
      const decision = decide(draining, seen({ drain: running }), policy(changes), noon + at * minute);
      assert.equal(decision.why, `${leftSays}; ${says}`);
    });
  }

  it("names a few of the pods, and says how many more there are", () => {
    const many = seen({ drain: runningWith({ podsLeft: 40 }) });
    assert.match(
      decide(draining, many, policy(), noon).why,
      /^40 pods remain: shop\/cart-0: [^;]*; [^;]*; and 38 more; /,
    );
  });

  it("names why the pods cannot be seen", () => {
    const trouble = "list /api/v1/pods: 403: pods is forbidden";
    const blind = seen({
      drain: runningWith({ isListed: false, podsLeft: 0, left: {}, blocked: [], trouble }),
    });
    const next = saved(decide(draining, blind, policy(), noon + minute));
    assert.equal(next.reasons[0]?.code, "cannot-tell");
    assert.equal(
      next.reasons[0]?.message,
      `the pods of this node have not been listed yet; the pods of this node cannot be listed at the moment: ${trouble}; ${nextSays}`,
    );
  });

  it("remembers with which grace a pod has outlasted it, the shortest", () => {
    const late = noon + 15 * minute;
    const drained = (slowGraceSeconds: number | undefined, before?: number) =>
      saved(
        decide(
          record({ ...draining, slowGraceSeconds: before }),
          seen({ drain: runningWith({ slowGraceSeconds }) }),
          policy(),
          late,
        ),
      ).slowGraceSeconds;
    assert.equal(drained(3600), 3600);
    assert.equal(drained(3600, 7200), 3600);
    assert.equal(drained(7200, 3600), 3600);
    assert.equal(drained(undefined, 3600), 3600);
    assert.equal(drained(undefined), undefined);
  });

  it("is given back as it was found at the deadline, with the pods that blocked", () => {
    const decision = decide(draining, seen({ drain: running }), policy(), noon + 15 * minute);
    const next = saved(decision);
    assert.equal(next.phase, "Restoring");
    assert.equal(next.cordon, "clear");
    assert.equal(next.outcome?.result, "failed");
    assert.match(next.outcome?.message ?? "", /2 pods remain: shop\/cart-0: no room in budget cart/);
  });

  it("says how many are left also where nothing is known of why", () => {
    const quiet = seen({ drain: { ...running, blocked: [] } });
    assert.equal(decide(draining, quiet, policy(), noon).why, `2 pods remain; ${nextSays}`);
    const none = seen({ drain: { ...running, podsLeft: 0, blocked: [] } });
    assert.match(decide(draining, none, policy(), noon).why, /no pod is known to remain/);
  });

  it("is given back at the deadline also when a restart lost the drain", () => {
    assert.equal(saved(decide(draining, seen(), policy(), noon + 15 * minute)).outcome?.result, "failed");
  });

  const escalating = policy({ drainDeleteAfterMs: 10 * minute, rebootAnyway: true });

  it("deletes after the time that the escalation gives", () => {
    assert.deepEqual(action(decide(draining, seen(), escalating, noon)), {
      do: "drain",
      cordonedAt: noon,
      deadline: noon + 15 * minute,
      deleteAt: noon + 10 * minute,
    });
  });

  for (const [what, drain, at] of [
    ["with pods left at the deadline", running, 15 * minute],
    ["when the drain breaks", { state: "failed", why: "it broke" }, 0],
  ] as const) {
    it(`reboots anyway ${what}, where the escalation says so`, () => {
      const decision = decide(draining, seen({ drain, stage: "reboot" }), escalating, noon + at);
      const next = saved(decision);
      assert.deepEqual([next.phase, next.attempt, next.cordon], ["Rebooting", 1, undefined]);
      assert.match(decision.why, /; rebooting anyway; rebooting$/);
    });
  }

  it("looks at the pods first where a restart lost the drain and the time for the reboot has come", () => {
    const late = noon + 15 * minute;
    assert.equal(action(decide(draining, seen(), escalating, late)).do, "drain");
    const unlisted = (trouble?: string) =>
      seen({ drain: runningWith({ isListed: false, podsLeft: 0, left: {}, blocked: [], trouble }) });
    const listing = decide(draining, unlisted(), escalating, late);
    assert.deepEqual(action(listing), { do: "wait", until: late + 5000 });
    const failed = saved(decide(draining, unlisted("403: forbidden"), escalating, late));
    assert.deepEqual([failed.phase, failed.outcome?.result], ["Restoring", "failed"]);
    assert.match(failed.outcome?.message ?? "", /have not been listed yet.*403: forbidden/);
  });

  it("does not reboot anyway where the pods cannot be seen", () => {
    const drain = {
      state: "failed",
      why: "the pods of this node cannot be seen: 403",
      isBlind: true,
    } as const;
    const next = saved(decide(draining, seen({ drain, stage: "reboot" }), escalating, noon));
    assert.deepEqual([next.phase, next.outcome?.message], ["Restoring", drain.why]);
  });

  const detaching = seen({
    stage: "reboot",
    drain: { state: "detaching", volumes: ["pv-1 (csi.example.com)"] },
  });

  it("waits while volumes of the pods that went are attached, and names them", () => {
    const decision = decide(draining, detaching, policy(), noon);
    assert.deepEqual(action(decision), { do: "wait", until: noon + minute / 2 });
    assert.match(decision.why, /the node is empty.*pv-1 \(csi\.example\.com\)/);
    const next = saved(decide(draining, detaching, policy(), noon + minute));
    assert.deepEqual([next.reasons[0]?.code, next.reasons[0]?.message], ["volumes", decision.why]);
  });

  it("reboots at the deadline when only volumes are left, as no pod is harmed", () => {
    assert.equal(saved(decide(draining, detaching, policy(), noon + 15 * minute)).phase, "Rebooting");
  });

  it("is given back when the drain breaks", () => {
    const broken = seen({ drain: { state: "failed", why: "the drain broke: boom" } });
    assert.equal(saved(decide(draining, broken, policy(), noon)).outcome?.message, "the drain broke: boom");
  });

  it("keeps a cordon that is not its own when it is given back", () => {
    const theirs = record({ phase: "Draining", cordoned: false });
    assert.equal(saved(decide(theirs, seen({ held: false }), policy(), noon)).cordon, undefined);
  });

  const empty = { drain: { state: "done", at: noon }, stage: "reboot" } as const;

  it("goes on to the reboot once the last pod has gone", () => {
    const next = saved(decide(draining, seen(empty), policy(), noon + minute));
    assert.equal(next.phase, "Rebooting");
    assert.equal(next.attempt, 1);
    assert.equal(next.lastDrainMs, minute);
  });

  it("counts the delay before the cordon to how long it took", () => {
    const delaying = policy({ drainDelayMs: minute });
    assert.equal(saved(decide(draining, seen(empty), delaying, noon + minute)).lastDrainMs, 2 * minute);
  });

  it("waits for the reboot delay after the drain", () => {
    const decision = decide(
      draining,
      seen({ drain: { state: "done", at: noon } }),
      policy({ rebootDelayMs: minute }),
      noon,
    );
    assert.deepEqual(action(decision), { do: "wait", until: noon + minute / 2 });
    assert.equal(decision.why, "drained; waiting for --reboot-delay until 2026-11-24T12:01:00Z");
  });

  it("returns when the machine went down by itself", () => {
    assert.equal(saved(decide(draining, seen({ rebooted: true }), policy(), noon)).phase, "Returning");
  });

  for (const [what, facts] of [
    ["the slot is lost", { held: false }],
    ["the need goes away", { needed: false }],
    ["it can no longer tell whether a reboot is needed", { needed: "unknown" }],
  ] as const) {
    it(`is given back when ${what}, without a failure`, () => {
      const next = saved(decide(draining, seen({ ...facts, drain: running }), policy(), noon));
      assert.equal(next.phase, "Restoring");
      assert.equal(next.outcome?.result, "withdrawn");
    });
  }

  const uncordoned = seen({ node: { unschedulable: false }, drain: running });

  it("is given back when all nodes are paused", () => {
    const refusal = { gate: "paused", code: "cluster", message: "all nodes are paused" } as const;
    const next = saved(decide(draining, seen({ refusal, drain: running }), policy(), noon));
    assert.deepEqual([next.phase, next.outcome?.result], ["Restoring", "withdrawn"]);
    const halted = { gate: "lock", code: "halted", message: "3 nodes failed" } as const;
    assert.equal(
      action(decide(draining, seen({ refusal: halted, drain: running }), policy(), noon)).do,
      "wait",
    );
  });

  it("is cordoned again when somebody uncordons it, and says so", () => {
    const decision = decide(record({ ...draining, cordoned: false }), uncordoned, policy(), noon + minute);
    const next = saved(decision);
    assert.match(decision.why, /somebody uncordoned the node .*cordoning it again, once$/);
    assert.deepEqual(
      [next.phase, next.cordon, next.cordoned, next.cordonedAgain],
      ["Draining", "set", true, true],
    );
    assert.equal(next.since, draining.since, "the old deadline counts");
  });

  it("is given back and rests when somebody uncordons it a second time, since they want it", () => {
    const next = saved(decide(record({ ...draining, cordonedAgain: true }), uncordoned, policy(), noon));
    assert.equal(next.phase, "Restoring");
    assert.equal(next.outcome?.result, "failed");
  });

  it("says that more may show up where no pod is known to be left", () => {
    const decision = decide(
      draining,
      seen({ drain: runningWith({ podsLeft: 0, blocked: [] }) }),
      policy(),
      noon,
    );
    assert.match(decision.why, /no pod is known to remain/);
  });

  const outside: Closed = { gate: "window", code: "outside", message: "outside" };
  const inhibited = {
    gate: "inhibitors",
    code: "held",
    message: "apt holds it back",
    isTransient: true,
  } as const;

  it("looks at the gates while it drains, and once it is drained at those before the reboot", () => {
    const { gates, ...rest } = seen({ drain: running });
    assert.deepEqual(action(decide(draining, rest, policy(), noon)), {
      do: "look",
      at: "gates",
      stage: "drain",
    });
    const drained = seen({ ...empty, stage: "drain" });
    assert.deepEqual(action(decide(draining, drained, policy(), noon)), {
      do: "look",
      at: "gates",
      stage: "reboot",
    });
    assert.ok(gates);
  });

  for (const [when, drain] of [
    ["while it drains", running],
    ["once it is drained", empty.drain],
    ["before the first eviction", { state: "none" }],
  ] as const) {
    it(`is given back when a gate closes ${when}, without a failure`, () => {
      const facts = seen({ drain, stage: "reboot", closed: [inhibited, outside] });
      const next = saved(decide(draining, facts, policy(), noon));
      assert.deepEqual([next.phase, next.cordon], ["Restoring", "clear"]);
      assert.deepEqual(next.outcome, { result: "withdrawn", at: iso(noon), message: "outside" });
    });
  }

  it("is given back when a gate closes before the cordon of a cycle that is announced", () => {
    const announced = record({ phase: "Draining", announced: true, cordoned: false });
    assert.equal(saved(decide(announced, seen({ closed: [outside] }), policy(), noon)).phase, "Restoring");
  });

  it("looks again when a gate will change", () => {
    const facts = seen({ drain: running, changesAt: noon + 10_000 });
    assert.deepEqual(action(decide(draining, facts, policy(), noon)), { do: "wait", until: noon + 10_000 });
  });

  it("goes on with the drain while something that is soon over speaks against the reboot", () => {
    const facts = seen({ drain: running, stage: "drain", closed: [inhibited] });
    assert.equal(action(decide(draining, facts, policy(), noon)).do, "wait");
  });

  describe("that is empty while something that is soon over speaks against the reboot", () => {
    const held = (changesAt = Number.POSITIVE_INFINITY) =>
      seen({ ...empty, stage: "reboot", closed: [inhibited], changesAt });
    const { isTransient, ...said } = inhibited;
    const waiting = record({ phase: "Draining", reasons: [{ ...said, since: iso(noon) }] });

    it("writes on the Node what that is", () => {
      const decision = decide(draining, held(), policy(), noon);
      assert.match(decision.why, /drained, but apt holds it back/);
      const next = saved(decision);
      assert.deepEqual([next.phase, next.reasons], ["Draining", waiting.reasons]);
      assert.ok(isTransient);
    });

    it("waits, and looks again every few seconds", () => {
      assert.deepEqual(action(decide(waiting, held(), policy(), noon)), { do: "wait", until: noon + 5000 });
      assert.deepEqual(action(decide(waiting, held(noon + 1), policy(), noon)), {
        do: "wait",
        until: noon + 1,
      });
    });

    it("reboots once it is over", () => {
      const next = saved(decide(waiting, seen({ ...empty, stage: "reboot" }), policy(), noon + minute));
      assert.deepEqual([next.phase, next.reasons], ["Rebooting", []]);
    });

    it("is given back when that takes longer than a drain may", () => {
      const next = saved(decide(waiting, held(), policy(), noon + 15 * minute));
      assert.deepEqual([next.phase, next.outcome?.result], ["Restoring", "withdrawn"]);
      assert.match(next.outcome?.message ?? "", /apt holds it back, for longer than --drain-timeout/);
    });
  });

  it("waits while its Node is gone from the cluster", () => {
    assert.equal(action(decide(draining, seen({ node: "gone" }), policy(), noon)).do, "wait");
  });
});

describe("A node that is to be asked to reboot", () => {
  const rebooting = record({ phase: "Rebooting", attempt: 1 });
  const drained = { drain: { state: "done", at: noon } } as const;

  it("is asked after slot, cordon, need and gates were confirmed, and its record says so first", () => {
    assert.deepEqual(action(decide(rebooting, seen(drained), policy(), noon + minute)), {
      do: "reboot",
      record: { ...rebooting, askedAt: iso(noon + minute) },
    });
  });

  it("is drained once more where nothing but the record says that it is empty", () => {
    for (const [attempt, before] of [
      [1, 0],
      [0, 0],
      [3, 2],
    ] as const) {
      const told = { ...rebooting, attempt };
      const next = saved(decide(told, seen({ isDrained: false }), policy(), noon + minute));
      assert.deepEqual([next.phase, next.attempt, next.since], ["Draining", before, iso(noon + minute)]);
    }
  });

  for (const missing of ["node", "lock", "need", "gates"] as const) {
    it(`looks at the ${missing} anew straight before the reboot`, () => {
      const partly = seen(drained);
      delete partly[missing];
      const stage = missing === "gates" ? { stage: "reboot" } : {};
      assert.deepEqual(action(decide(rebooting, partly, policy(), noon)), {
        do: "look",
        at: missing,
        ...stage,
      });
    });
  }

  for (const [what, facts] of [
    ["the slot is lost", { held: false }],
    ["the reboot is no longer needed", { needed: false }],
    ["the window has closed", { closed: [{ gate: "window", code: "outside", message: "outside" }] }],
  ] as const) {
    it(`is restored and not rebooted when ${what}`, () => {
      const all = seen({ ...drained, ...facts, closed: [...("closed" in facts ? facts.closed : [])] });
      const next = saved(decide(rebooting, all, policy(), noon));
      assert.equal(next.phase, "Restoring");
      assert.equal(next.outcome?.result, "withdrawn");
    });
  }

  it("is restored and not rebooted when somebody uncordoned it", () => {
    const next = saved(
      decide(rebooting, seen({ ...drained, node: { unschedulable: false } }), policy(), noon),
    );
    assert.equal(next.phase, "Restoring");
  });

  it("is not restored before it was looked at whether the machine goes down", () => {
    const { shutdown, ...rest } = seen({ held: false });
    assert.deepEqual(action(decide(rebooting, rest, policy(), noon)), { do: "look", at: "shutdown" });
    assert.equal(shutdown, "none");
  });

  it("is not restored while the machine goes down by somebody else's request", () => {
    const decision = decide(rebooting, seen({ held: false, shutdown: "under-way" }), policy(), noon);
    assert.deepEqual(action(decision), { do: "wait", until: noon + 5000 });
    assert.match(decision.why, /this node no longer holds the slot, but the machine is already going down/);
  });

  it("is asked anew where the record names a request that was not made", () => {
    const unsent = { ...rebooting, askedAt: iso(noon) };
    const facts = { ...drained, ask: { result: "unsent" } } as const;
    assert.equal(action(decide(unsent, seen(facts), policy(), noon + minute)).do, "reboot");
    const recent = action(decide(unsent, seen(facts), policy(), noon + 1000));
    assert.deepEqual(recent, { do: "reboot", record: unsent }, "what was written a moment ago stands");
    const next = saved(decide(unsent, seen({ ...facts, held: false }), policy(), noon + minute));
    assert.deepEqual([next.phase, next.askedAt], ["Restoring", undefined]);
  });

  it("counts a record without a boot ID from this boot on: nothing is proved by its absence", () => {
    for (const phase of ["Draining", "Rebooting"] as const) {
      const next = saved(decide(record({ phase, bootID: undefined, attempt: 1 }), seen(), policy(), noon));
      assert.deepEqual([next.phase, next.bootID], [phase, seen().bootID]);
    }
  });
});

describe("A node that was asked to reboot is down", () => {
  const asked = record({ phase: "Rebooting", attempt: 1, askedAt: iso(noon) });
  const late = noon + 10 * minute;

  it("and is not restored before the timeout, whatever the need or the gates say", () => {
    const decision = decide(asked, seen({ needed: false }), policy(), noon);
    assert.deepEqual(action(decision), { do: "wait", until: noon + minute });
    const soon = decide(asked, seen(), policy(), late - 1000);
    assert.deepEqual(action(soon), { do: "wait", until: late });
  });

  it("and the timeout counts from the request, not from the record that announced it", () => {
    const announced = { ...asked, since: iso(noon - 60 * minute) };
    assert.equal(action(decide(announced, seen(), policy(), noon)).do, "wait");
  });

  it("and puts its entry back where the lock has lost it", () => {
    assert.deepEqual(action(decide(asked, seen({ held: false }), policy(), noon)), { do: "reenter" });
  });

  it("and looks at the lock for that", () => {
    const { lock, ...rest } = seen();
    assert.deepEqual(action(decide(asked, rest, policy(), noon)), { do: "look", at: "lock" });
    assert.ok(lock);
  });

  it("and looks at the Node first, which may say by now that the cycle is over, as another daemon of this node has written", () => {
    const { node, ...rest } = seen({ held: false });
    assert.deepEqual(action(decide(asked, rest, policy(), noon)), { do: "look", at: "node" });
    assert.ok(node);
    assert.equal(action(decide(asked, { ...rest, node: "gone" }, policy(), noon)).do, "wait");
  });

  for (const [what, facts] of [
    ["a person has taken it away", { takenAway: true }],
    ["the lock cannot be read", { refusal: { gate: "lock", code: "lock-unreadable", message: "junk" } }],
    [
      "that was refused a moment ago",
      { setbacks: { reenter: { times: 1, until: noon + 1, why: "", isRefused: false } } },
    ],
  ] as const) {
    it(`but not where ${what}`, () => {
      assert.equal(action(decide(asked, seen({ held: false, ...facts }), policy(), noon)).do, "wait");
    });
  }

  it("and once it was refused that is tried again when its time has come", () => {
    const setbacks = { reenter: { times: 1, until: noon, why: "", isRefused: false } };
    assert.equal(action(decide(asked, seen({ held: false, setbacks }), policy(), noon)).do, "reenter");
  });

  it("and after the timeout it is looked at whether the machine goes down", () => {
    const { shutdown, ...rest } = seen();
    assert.deepEqual(action(decide(asked, rest, policy(), late)), { do: "look", at: "shutdown" });
    assert.equal(shutdown, "none");
  });

  it("and a machine that takes longer to go down is waited for, and said to be overdue", () => {
    const decision = decide(asked, seen({ shutdown: "under-way" }), policy({ rebootAttempts: 1 }), late);
    assert.deepEqual([action(decision), decision.overdue], [{ do: "wait", until: late + minute }, true]);
  });

  it("until it is seen not to go: then what has come meanwhile is drained, and it is asked once more", () => {
    const known = { ...asked, lastDrainMs: 90_000 };
    const again = saved(decide(known, seen(), policy(), late));
    assert.deepEqual(
      [again.phase, again.attempt, again.since, again.askedAt],
      ["Draining", 1, iso(late), undefined],
    );
    const empty = seen({ drain: { state: "done", at: late }, stage: "reboot" });
    const next = saved(decide(again, empty, policy(), late + minute));
    assert.deepEqual([next.phase, next.attempt, next.lastDrainMs], ["Rebooting", 2, 90_000]);
    assert.equal(action(decide(next, empty, policy(), late + minute)).do, "reboot");
  });

  it("until it has failed after the last attempt", () => {
    const last = { ...asked, attempt: 2 };
    const next = saved(decide(last, seen(), policy(), late));
    assert.deepEqual([next.phase, next.outcome?.result, next.failures], ["Restoring", "failed", 1]);
  });

  const ask = { result: "refused", why: "no such command" } as const;

  it("but not where the machine certainly has not taken the request", () => {
    assert.equal(saved(decide(asked, seen({ ask }), policy(), noon)).outcome?.message, "no such command");
  });

  it("and then its Node is looked at before it is restored, and waited for while the cluster has none", () => {
    const { node, ...rest } = seen({ ask });
    assert.deepEqual(action(decide(asked, rest, policy(), noon)), { do: "look", at: "node" });
    const gone = decide(asked, seen({ ask, node: "gone" }), policy(), noon);
    assert.deepEqual(action(gone), { do: "wait", until: noon + minute });
    assert.ok(node);
  });

  it("until the boot ID has changed", () => {
    assert.equal(saved(decide(asked, seen({ rebooted: true }), policy(), noon)).phase, "Returning");
  });
});

describe("A returning node", () => {
  /** What is looked at once a minute is another story. */
  const unhurried = (changes: Partial<Policy> = {}) => policy({ gateRecheckMs: 60 * minute, ...changes });

  const returningNode = record({ phase: "Returning", attempt: 1 });

  it("waits until it is Ready", () => {
    const decision = decide(
      returningNode,
      seen({ rebooted: true, node: { ready: false } }),
      unhurried(),
      noon,
    );
    assert.deepEqual(action(decision), { do: "wait", until: noon + 15 * minute });
  });

  it("does not believe a Ready from the boot before", () => {
    const decision = decide(
      returningNode,
      seen({ rebooted: true, node: { bootID: "old" } }),
      unhurried(),
      noon,
    );
    assert.match(decision.why, /kubelet has not yet reported this boot/);
  });

  it("waits until it has been Ready for a while", () => {
    const decision = decide(
      returningNode,
      seen({ rebooted: true, readySince: noon }),
      unhurried(),
      noon + 5000,
    );
    assert.deepEqual(action(decision), { do: "wait", until: noon + 15_000 });
  });

  it("is uncordoned in the patch that says so", () => {
    const next = saved(
      decide(returningNode, seen({ rebooted: true, readySince: noon }), unhurried(), noon + 15_000),
    );
    assert.equal(next.phase, "Settling");
    assert.equal(next.cordon, "clear");
    assert.equal(next.cordoned, false);
    assert.equal(next.reboots, 1);
    assert.equal(next.outcome?.result, "rebooted");
  });

  it("stays cordoned when the cordon was somebody else's", () => {
    const theirs = record({ phase: "Returning", cordoned: false });
    const next = saved(
      decide(theirs, seen({ rebooted: true, readySince: noon }), unhurried(), noon + 15_000),
    );
    assert.equal(next.cordon, undefined);
  });

  it("keeps its slot and its cordon when it does not come back in time, and says so", () => {
    const decision = decide(
      returningNode,
      seen({ rebooted: true, node: { ready: false } }),
      unhurried(),
      noon + 15 * minute,
    );
    assert.deepEqual(action(decision), { do: "wait", until: noon + 75 * minute });
    assert.match(decision.why, /^the node is not Ready for longer than --ready-timeout; it keeps its slot$/);
    assert.equal(decision.overdue, true);
  });

  const hooks = ["example.com/raid-checked", "example.com/smoke-test"];
  const afterHooks = { keys: hooks, timeoutMs: 5 * minute, late: "wait" } as const;
  const hooked = unhurried({ marks: marks({ hooks }), afterHooks });
  const settled = { rebooted: true, readySince: noon };
  const cni = ["kube-system/cni"];
  const waitsForPods = "waiting for pods of this node to be Ready: kube-system/cni-x7k2p";
  const waitsForHooks =
    "waiting for the annotations that are to be true after the reboot: example.com/raid-checked, example.com/smoke-test";

  it("looks at its Node first, and waits while that is gone from the cluster", () => {
    const { node, ...rest } = seen(settled);
    assert.deepEqual(action(decide(returningNode, rest, unhurried(), noon)), { do: "look", at: "node" });
    const gone = decide(returningNode, seen({ rebooted: true, node: "gone" }), policy(), noon);
    assert.deepEqual(action(gone), { do: "wait", until: noon + minute });
    assert.ok(node);
  });

  it("looks at its pods once it is Ready and has settled, and not before", () => {
    const { ownPods, ...rest } = seen(settled);
    assert.deepEqual(action(decide(returningNode, rest, unhurried(), noon + 15_000)), {
      do: "look",
      at: "pods",
    });
    assert.equal(action(decide(returningNode, rest, unhurried(), noon + 14_999)).do, "wait");
    assert.ok(ownPods);
  });

  const rows: [
    what: string,
    facts: Parameters<typeof seen>[0],
    settings: typeof hooked,
    at: number,
    expected: { until?: number; why: string; overdue?: true },
  ][] = [
    [
      "while a pod is not Ready, and looks again after 5 s",
      { unready: cni },
      unhurried(),
      minute,
      { until: minute + 5000, why: waitsForPods },
    ],
    [
      "while a pod is not Ready, and looks again when that is overdue",
      { unready: cni },
      unhurried(),
      15 * minute - 1,
      { until: 15 * minute, why: waitsForPods },
    ],
    [
      "while a pod is not Ready, loudly when that is overdue, and looks again all the same",
      { unready: cni },
      unhurried(),
      15 * minute,
      { until: 16 * minute, why: `${waitsForPods} for longer than --ready-timeout`, overdue: true },
    ],
    [
      "while there are no annotations, until somebody sets them",
      {},
      hooked,
      minute,
      { until: 5 * minute, why: waitsForHooks },
    ],
    [
      "while the annotations are not true",
      { node: { annotations: { "example.com/raid-checked": "false", "example.com/smoke-test": "yes" } } },
      hooked,
      minute,
      { until: 5 * minute, why: waitsForHooks },
    ],
    [
      "for the annotations that are still missing",
      { node: { annotations: { "example.com/raid-checked": "true" } } },
      hooked,
      minute,
      { until: 5 * minute, why: waitsForHooks.replace("example.com/raid-checked, ", "") },
    ],
    [
      "while the annotations are not true, loudly when they are overdue",
      {},
      hooked,
      5 * minute,
      {
        until: 65 * minute,
        why: `${waitsForHooks} for longer than --after-reboot-hooks-timeout`,
        overdue: true,
      },
    ],
    [
      "for everything that is missing, and says which of it is overdue",
      { unready: cni },
      hooked,
      10 * minute,
      {
        until: 11 * minute,
        why: `${waitsForPods}; ${waitsForHooks} for longer than --after-reboot-hooks-timeout`,
        overdue: true,
      },
    ],
    [
      "for the annotations also while it is not Ready",
      { node: { ready: false } },
      hooked,
      10 * minute,
      {
        until: 15 * minute,
        why: `the node is not Ready; ${waitsForHooks} for longer than --after-reboot-hooks-timeout`,
        overdue: true,
      },
    ],
    [
      "loudly when it is Ready only shortly before it is overdue, or again and again",
      { readySince: noon + 14.9 * minute },
      unhurried(),
      15 * minute,
      {
        until: 14.9 * minute + 15_000,
        why: "waiting for the node to stay Ready for --ready-settle for longer than --ready-timeout",
        overdue: true,
      },
    ],
  ];
  it("has to be seen Ready before it settles", () => {
    const decision = decide(returningNode, seen({ rebooted: true }), unhurried(), noon + minute);
    assert.deepEqual(action(decision), { do: "wait", until: noon + minute + 15_000 });
  });

  for (const [what, facts, settings, at, { until, why, ...rest }] of rows) {
    it(`waits ${what}`, () => {
      const decision = decide(returningNode, seen({ ...settled, ...facts }), settings, noon + at);
      const wait = until === undefined ? { do: "wait" } : { do: "wait", until: noon + until };
      assert.deepEqual(decision, {
        action: wait,
        ...rest,
        why: rest.overdue ? `${why}; it keeps its slot` : why,
      });
    });
  }

  it("names five of the pods that are not Ready, and counts the others", () => {
    const unready = Array.from({ length: 7 }, (_, index) => `kube-system/p${index + 1}`);
    const { why } = decide(returningNode, seen({ ...settled, unready }), unhurried(), noon + minute);
    assert.match(why, /: kube-system\/p1-x7k2p, .*, kube-system\/p5-x7k2p and 2 more$/);
  });

  const broken = { ...returningNode, ownPods: { ready: ["kube-system/cni"], unready: ["kube-system/gpu"] } };

  it("is not held back by what was not Ready before the cordon, but for a minute, and names it", () => {
    const facts = seen({ ...settled, unready: ["kube-system/gpu"] });
    const { why } = decide(broken, facts, unhurried(), noon + minute - 1);
    assert.equal(why, "waiting for pods of this node to be Ready: kube-system/gpu-x7k2p");
    const decision = decide(broken, facts, unhurried(), noon + minute);
    const named = "; not Ready, as before the cordon: kube-system/gpu-x7k2p";
    assert.equal(decision.why, `the node is back${named}`);
    const { phase, outcome, ownPods } = saved(decision);
    assert.deepEqual([phase, ownPods], ["Settling", undefined]);
    assert.equal(outcome?.message, `rebooted, Ready and uncordoned${named}`);
  });

  it("is held back by what was Ready before the cordon beside what was not", () => {
    const facts = seen({ ...settled, unready: ["kube-system/gpu", "kube-system/cni"] });
    const { action, why } = decide(broken, facts, unhurried(), noon + minute);
    assert.equal(action.do, "wait");
    assert.equal(why, "waiting for pods of this node to be Ready: kube-system/cni-x7k2p");
  });

  it("waits while its pods cannot be seen, and says so loudly when that is overdue", () => {
    const facts = seen({ ...settled, unready: "pods are forbidden" });
    const what = "cannot tell whether the pods of this node are Ready: pods are forbidden";
    const decision = decide(broken, facts, unhurried(), noon + minute);
    assert.deepEqual([action(decision), decision.why], [{ do: "wait", until: noon + minute + 5000 }, what]);
    const late = decide(broken, facts, unhurried(), noon + 15 * minute);
    assert.deepEqual(
      [late.overdue, late.why],
      [true, `${what} for longer than --ready-timeout; it keeps its slot`],
    );
  });

  const annotations = { "example.com/raid-checked": "true", "example.com/smoke-test": "true" };
  for (const [what, at] of [
    ["once all annotations are true", minute],
    ["when all has come after it was overdue", 60 * minute],
  ] as const) {
    it(`is given back ${what}, and they are taken away`, () => {
      const { action } = decide(
        returningNode,
        seen({ ...settled, node: { annotations } }),
        hooked,
        noon + at,
      );
      assert.ok(action.do === "save");
      assert.equal(action.record.phase, "Settling");
      assert.deepEqual(action.change, {
        cordon: "clear",
        annotations: { "example.com/raid-checked": null, "example.com/smoke-test": null },
      });
    });
  }

  it("is given back without the annotations where they are late, if that is said", () => {
    const lenient = unhurried({ afterHooks: { ...afterHooks, late: "go-on" } });
    const at = (ms: number) => decide(returningNode, seen(settled), lenient, noon + ms);
    assert.equal(action(at(5 * minute - 1)).do, "wait");
    assert.equal(saved(at(5 * minute)).phase, "Settling");
  });
});

describe("Annotations that are to be true before a reboot", () => {
  const keys = ["example.com/backup", "example.com/quorum"];
  const beforeHooks = { keys, timeoutMs: 5 * minute, late: "restore" } as const;
  const hooked = policy({ marks: marks({ hooks: keys }), beforeHooks });
  const draining = record({ phase: "Draining" });
  const empty = (annotations: Record<string, string> = {}) =>
    seen({ drain: { state: "done", at: noon }, stage: "reboot", node: { annotations } });
  const [backup, quorum] = ["example.com/backup", "example.com/quorum"] as const;
  const message = "these annotations are to be true before the reboot: example.com/quorum";
  const reasons = [{ gate: "hooks", code: "before", message, since: iso(noon) }];
  const called = record({ ...draining, reasons, reportedAt: iso(noon) });

  it("are called once the node is drained, each that is not true yet", () => {
    const { action, reasons: held } = decide(draining, empty({ [backup]: "true" }), hooked, noon);
    assert.ok(action.do === "save");
    assert.deepEqual(action.change, { annotations: { [quorum]: "waiting" } });
    assert.deepEqual([action.record.phase, action.record.reasons, held], ["Draining", reasons, reasons]);
  });

  it("are not called while it drains", () => {
    const running = seen({ drain: runningWith({ blocked: [] }) });
    assert.equal(action(decide(draining, running, hooked, noon)).do, "wait");
  });

  it("are waited for", () => {
    const waiting = empty({ [backup]: "true", [quorum]: "waiting" });
    const decision = decide(called, waiting, hooked, noon + minute);
    assert.equal(action(decision).do, "wait");
    assert.deepEqual([decision.why, decision.reasons], [`drained, but ${message}`, reasons]);
  });

  it("let the node reboot once all are true, and are taken away with that", () => {
    const all = empty({ [backup]: "true", [quorum]: "true" });
    const { action } = decide(called, all, hooked, noon + minute);
    assert.ok(action.do === "save");
    assert.equal(action.record.phase, "Rebooting");
    assert.deepEqual(action.change.annotations, { [backup]: null, [quorum]: null });
  });

  const late = empty({ [backup]: "true", [quorum]: "waiting" });

  it("make the cycle fail where they are late", () => {
    const next = saved(decide(called, late, hooked, noon + 5 * minute));
    assert.deepEqual([next.phase, next.outcome?.result], ["Restoring", "failed"]);
    assert.equal(next.outcome?.message, `${message}, for longer than --before-reboot-hooks-timeout`);
  });

  it("are done without where they are late, if that is said", () => {
    const lenient = policy({ beforeHooks: { ...beforeHooks, late: "go-on" } });
    assert.equal(action(decide(called, late, lenient, noon + 5 * minute - 1)).do, "wait");
    assert.equal(saved(decide(called, late, lenient, noon + 5 * minute)).phase, "Rebooting");
  });

  it("do not hide what else holds the reboot up", () => {
    const closed: Closed[] = [
      { gate: "inhibitors", code: "held", message: "apt", isTransient: true },
    ] as const;
    const facts = { ...empty({ [backup]: "true" }), gates: { stage: "reboot", closed } } as const;
    const next = saved(decide(draining, facts, hooked, noon));
    assert.deepEqual(
      next.reasons.map(({ gate }) => gate),
      ["inhibitors", "hooks"],
    );
  });
});

describe("Annotations that are to be true after a reboot", () => {
  const hooked = policy({ marks: marks({ hooks: ["example.com/raid-checked"] }) });
  const draining = record({ phase: "Draining" });
  const forgotten = { "example.com/raid-checked": null };

  for (const [what, before, facts] of [
    ["in the patch that begins the cycle", idle(), { node: { unschedulable: false } }],
    [
      "in the last patch before the reboot",
      draining,
      { drain: { state: "done", at: noon }, stage: "reboot" },
    ],
    ["when the cycle is undone", draining, { drain: { state: "failed", why: "it broke" } }],
  ] as const) {
    it(`are taken away ${what}`, () => {
      const { action } = decide(before, seen(facts), hooked, noon);
      assert.ok(action.do === "save");
      assert.deepEqual(action.change.annotations, forgotten);
    });
  }

  it("are left alone with the proof, as the new boot may have set them before", () => {
    const rebooting = record({ phase: "Rebooting", attempt: 1 });
    const { action } = decide(rebooting, seen({ rebooted: true }), hooked, noon);
    assert.ok(action.do === "save");
    assert.deepEqual(action.change, {});
  });
});

describe("A settling node", () => {
  const settlingNode = record({
    phase: "Settling",
    cordoned: false,
    reboots: 1,
    outcome: { result: "rebooted", at: iso(noon), message: "rebooted" },
  });

  it("keeps the slot for the release delay", () => {
    const decision = decide(
      settlingNode,
      seen({ needed: false }),
      policy({ lockReleaseDelayMs: minute }),
      noon,
    );
    assert.deepEqual(action(decision), { do: "wait", until: noon + minute });
  });

  it("hands the slot on", () => {
    assert.deepEqual(action(decide(settlingNode, seen({ needed: false }), policy(), noon)), {
      do: "release",
      end: settlingNode.outcome,
    });
  });

  it("looks at the lock no more once the slot is known to be free", () => {
    const { lock: _, ...rest } = seen({ held: false });
    const settling = record({ phase: "Settling" });
    assert.equal(saved(decide(settling, rest, policy(), noon)).phase, "Waiting");
    assert.deepEqual(action(decide(settling, { ...rest, mayHoldSlot: true }, policy(), noon)), {
      do: "look",
      at: "lock",
    });
  });

  it("becomes Idle once the slot is free", () => {
    assert.equal(
      saved(decide(settlingNode, seen({ needed: false, held: false }), policy(), noon)).phase,
      "Idle",
    );
  });

  it("looks whether a need is left before it ends", () => {
    const { need, ...rest } = seen({ held: false });
    assert.deepEqual(action(decide(settlingNode, rest, policy(), noon)), { do: "look", at: "need" });
    assert.ok(need);
  });

  it("counts the reboot against a need that is still there", () => {
    const next = saved(decide(settlingNode, seen({ needed: true, held: false }), policy(), noon));
    assert.equal(next.phase, "Waiting");
    assert.equal(next.reboots, 1);
  });
});

describe("A node that leaves the lock", () => {
  for (const [phase, result] of [
    ["Settling", "rebooted"],
    ["Restoring", "failed"],
    ["Restoring", "withdrawn"],
  ] as const) {
    for (const needed of [true, false]) {
      it(`knows when, after a cycle that ended as ${result} and left ${needed ? "a need" : "no need"}`, () => {
        const ending = record({ phase, cordoned: false, outcome: { result, at: iso(noon), message: "why" } });
        const next = saved(decide(ending, seen({ held: false, needed }), policy(), noon + minute));
        assert.equal(next.leftAt, iso(noon + minute));
      });
    }
  }
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
  for (const [what, before, facts, during] of rows) {
    it(`${what} counts as a failed ${during ?? "reboot"}`, () => {
      const next = saved(decide(before, seen(facts), policy(), noon));
      assert.deepEqual([next.outcome?.result, next.outcome?.during], ["failed", during]);
      assert.equal(parseRecord(writeRecord(next)).record?.outcome?.during, during);
    });
  }

  it("that was withdrawn while it drained has not failed with its drain", () => {
    const next = saved(decide(draining, seen({ held: false }), policy(), noon));
    assert.deepEqual([next.outcome?.result, next.outcome?.during], ["withdrawn", undefined]);
  });
});

describe("A returning node that somebody has uncordoned", () => {
  const returning = record({ phase: "Returning" });

  it("has no cordon of ours any more, so that a later one is theirs", () => {
    const facts = seen({ rebooted: true, node: { unschedulable: false } });
    const next = saved(decide(returning, facts, policy(), noon));
    assert.deepEqual([next.phase, next.cordoned, next.cordon], ["Returning", false, undefined]);
  });
});

describe("A node that is said to return", () => {
  for (const [what, changes, says] of [
    [
      "under the boot ID from before the reboot, as a machine put back to a snapshot",
      {},
      /from before the reboot/,
    ],
    ["without a boot ID that would prove it", { bootID: undefined }, /no boot ID/],
  ] as const) {
    it(`has failed, and has not rebooted, ${what}`, () => {
      const next = saved(decide(record({ phase: "Returning", ...changes }), seen(), policy(), noon));
      assert.deepEqual([next.phase, next.outcome?.result, next.cordon], ["Restoring", "failed", "clear"]);
      assert.match(next.outcome?.message ?? "", says);
    });
  }

  it("has not rebooted either where its slot was taken under the boot that runs, whatever its record names", () => {
    const under = (boot: string | undefined) =>
      decide(record({ phase: "Returning" }), seen({ rebooted: true, boot }), policy(), noon).why;
    assert.match(under("22222222"), /the lock names the boot that still runs/);
    for (const boot of ["11111111", undefined]) assert.match(under(boot), /--ready-settle/);
  });

  const returning = record({ phase: "Returning" });

  it("puts its entry back where the lock has lost it, before anything else", () => {
    const facts = seen({ rebooted: true, held: false });
    assert.deepEqual(action(decide(returning, facts, policy(), noon)), { do: "reenter" });
  });

  it("looks at the lock once a minute for that", () => {
    const decision = decide(returning, seen({ rebooted: true, node: { ready: false } }), policy(), noon);
    assert.deepEqual(action(decision), { do: "wait", until: noon + minute });
  });

  it("is not uncordoned while the machine goes down again", () => {
    const facts = { rebooted: true, readySince: noon - minute };
    const { shutdown, ...rest } = seen(facts);
    assert.deepEqual(action(decide(returning, rest, policy(), noon)), { do: "look", at: "shutdown" });
    const decision = decide(returning, seen({ ...facts, shutdown: "under-way" }), policy(), noon);
    assert.deepEqual(
      [action(decision).do, decision.why],
      ["wait", "the node is back, but the machine is going down again"],
    );
    assert.equal(shutdown, "none");
  });
});

describe("A record without an outcome, which no version of ours has written", () => {
  it("ends its cycle all the same", () => {
    const decision = decide(record({ phase: "Restoring" }), seen({ held: false }), policy(), noon);
    assert.equal(saved(decision).phase, "Waiting");
    assert.equal(decision.why, "the cycle has ended");
  });

  it("rests after a failure all the same", () => {
    const decision = decide(idle({ phase: "Failed", failures: 1 }), seen({ held: false }), policy(), noon);
    assert.match(decision.why, /backing off after 1 failure \(unknown why\)/);
  });
});

describe("A node that is being restored", () => {
  const restoringNode = (result: "failed" | "withdrawn") =>
    record({ phase: "Restoring", cordoned: false, outcome: { result, at: iso(noon), message: "why" } });

  it("gives the slot up at once, whatever the release delay", () => {
    const failed = restoringNode("failed");
    const decision = decide(failed, seen(), policy({ lockReleaseDelayMs: minute }), noon);
    assert.deepEqual(action(decision), { do: "release", end: failed.outcome });
  });

  it("has Failed afterwards, with the failure that was counted as it began to be restored", () => {
    const restoring = { ...restoringNode("failed"), failures: 1 };
    const next = saved(decide(restoring, seen({ held: false }), policy(), noon));
    assert.deepEqual([next.phase, next.failures, next.reasons], ["Failed", 1, []]);
  });

  it("waits again when the cycle was only withdrawn", () => {
    const next = saved(decide(restoringNode("withdrawn"), seen({ held: false }), policy(), noon));
    assert.equal(next.phase, "Waiting");
    assert.equal(next.failures, 0);
  });

  it("becomes Idle when it was withdrawn because the need had gone", () => {
    assert.equal(
      saved(decide(restoringNode("withdrawn"), seen({ held: false, needed: false }), policy(), noon)).phase,
      "Idle",
    );
  });
});
