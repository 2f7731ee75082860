import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Observation } from "../../daemon/cycle/observation.ts";
import type { Closed } from "../../daemon/gates/reasons.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, idle, iso, marks, minute, noon, policy, record, saved, seen, unseen } from "./builders.ts";

describe("A node that is about to be cordoned", () => {
  const needy = idle({ phase: "Waiting" });
  const free = { unschedulable: false };

  it("records which of its pods were Ready and which were not, and no more names than a Node has room for", () => {
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

describe("A node with a delay before the drain", () => {
  const delaying = policy({
    drainDelayMs: 2 * minute,
    marks: marks({ labelsBefore: { state: "rebooting" } }),
  });
  const labels = [{ key: "state", set: "rebooting" }];
  const announced = record({ phase: "Draining", announced: true, cordoned: false, labels });
  const schedulable = { unschedulable: false };

  it("sets its labels at once, waits, and is cordoned after the delay", () =>
    everyCase({
      "sets its labels at once, and does not cordon yet": () => {
        const decided = action(decide(idle(), seen({ node: schedulable }), delaying, noon));
        assert.ok(decided.do === "save");
        assert.deepEqual(decided.change, { labels: { state: "rebooting" } });
        assert.deepEqual(
          [decided.record.phase, decided.record.announced, decided.record.cordoned],
          ["Draining", true, false],
        );
      },
      "waits, and does not count as uncordoned by somebody": () => {
        const decision = decide(announced, seen({ node: schedulable }), delaying, noon + minute);
        assert.deepEqual(action(decision), { do: "wait", until: noon + 2 * minute });
      },
      "is cordoned after the delay, and its drain counts from there": () => {
        const later = noon + 2 * minute;
        const next = saved(decide(announced, seen({ node: schedulable }), delaying, later));
        assert.deepEqual(
          [next.cordon, next.cordoned, next.announced, next.since],
          ["set", true, false, iso(later)],
        );
      },
      "leaves a cordon that a person has set meanwhile to them": () => {
        const next = saved(decide(announced, seen(), delaying, noon + 2 * minute));
        assert.deepEqual([next.cordon, next.cordoned, next.announced], [undefined, false, false]);
      },
      "keeps its own cordon where a restore of the cluster has brought it back": () => {
        const next = saved(decide({ ...announced, cordoned: true }, seen(), delaying, noon + 2 * minute));
        assert.deepEqual([next.cordon, next.cordoned, next.announced], [undefined, true, false]);
      },
    }));

  it("is restored with its labels when the need goes away, and returns when the machine rebooted", () =>
    everyCase({
      "is restored with its labels as they were when the need goes away": () => {
        const facts = seen({ needed: false, node: { ...schedulable, labels: { state: "rebooting" } } });
        const decided = action(decide(announced, facts, delaying, noon));
        assert.ok(decided.do === "save");
        assert.deepEqual(decided.change, { labels: { state: null } });
        assert.deepEqual([decided.record.phase, decided.record.labels], ["Restoring", []]);
      },
      "returns when the machine rebooted by itself meanwhile": () => {
        const decision = decide(announced, seen({ rebooted: true }), delaying, noon);
        assert.equal(saved(decision).phase, "Returning");
      },
    }));
});

describe("A write that the API server refuses", () => {
  const resting = (setbacks: Observation["setbacks"], facts = {}) =>
    decide(
      record({ phase: "Waiting", cordoned: false }),
      seen({ held: false, setbacks, ...facts }),
      policy(),
      noon,
    );
  const setback = { times: 7, until: noon + minute, why: "patch: 403: no", isRefused: false };

  it("is named on the Node, and not tried before its back-off ends", () =>
    everyCase({
      "is named on the Node where it is the lock, and not tried before its back-off ends": () => {
        const next = saved(resting({ acquire: setback }));
        assert.deepEqual(
          next.reasons.map(({ gate, code, message }) => [gate, code, message]),
          [["lock", "unwritable", "the lock cannot be written: patch: 403: no"]],
        );
        assert.equal(action(resting({ acquire: { ...setback, until: noon } })).do, "acquire");
      },
      "is on the Node at once where the server is sure of it, by the beginning or its rehearsal":
        async () => {
          await everyRow(
            (["begin", "rehearse"] as const).map((one) => [one, one] as const),
            (trial) => {
              const first = { ...setback, times: 1, isRefused: true };
              assert.deepEqual(
                saved(resting({ [trial]: first })).reasons.map(({ gate, code }) => [gate, code]),
                [["node", "unwritable"]],
              );
              assert.equal(action(resting({ [trial]: { ...first, until: noon } })).do, "acquire");
            },
          );
        },
      "is quoted, but with no more words than a Node has room for": () => {
        const endless = { ...setback, why: "no ".repeat(10_000) };
        for (const trial of ["acquire", "begin"]) {
          const [{ message } = assert.fail()] = saved(resting({ [trial]: endless })).reasons;
          assert.ok(message.length < 1000, `${message.length} characters`);
        }
      },
    }));

  it("releases the slot, as a failure, where it is refused again and again", () =>
    everyCase({
      "releases the slot, as a failure, where it is the beginning of the cycle again and again": () => {
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
      },
      "keeps the slot for the first few times, and has nothing looked at before the next try": () => {
        const few = { ...setback, times: 2 };
        const { need = assert.fail() } = seen();
        const soon = { ...unseen({ setbacks: { begin: few } }), need };
        const before = decide(record({ phase: "Waiting", cordoned: false }), soon, policy(), noon);
        assert.deepEqual(action(before), { do: "wait", until: noon + minute });
        assert.match(before.why, /rejects the start of the cycle: patch: 403: no/);
        const then = resting({ begin: { ...few, until: noon } }, { held: true });
        assert.equal(saved(then).phase, "Draining");
      },
    }));

  it("is tried before anything else speaks against the reboot, and before a slot is taken", () => {
    const facts = {
      isRehearsed: false,
      held: false,
      closed: [{ gate: "window", code: "outside", message: "no" } satisfies Closed],
    };
    const waits = record({ phase: "Waiting", cordoned: false });
    assert.deepEqual(action(decide(waits, seen(facts), policy(), noon)), { do: "look", at: "rehearsal" });
    const unseen = seen({ ...facts, without: "node" });
    assert.deepEqual(action(decide(waits, unseen, policy(), noon)), { do: "look", at: "node" });
    assert.equal(action(decide(waits, { ...unseen, node: "gone" }, policy(), noon)).do, "wait");
  });

  it("ends the drain at its deadline, whatever else it waits for", () => {
    const draining = record({ phase: "Draining" });
    const refused = seen({ node: { unschedulable: false }, refused: "patch: 403: no" });
    assert.equal(saved(decide(draining, refused, policy(), noon + minute)).phase, "Draining");
    const { phase, outcome } = saved(decide(draining, refused, policy(), noon + 15 * minute));
    assert.deepEqual([phase, outcome?.result], ["Restoring", "failed"]);
    assert.match(outcome?.message ?? "", /^the API server rejects the change to this Node: patch: 403: no$/);
    const away = { ...refused, unreachableMs: minute };
    assert.equal(saved(decide(draining, away, policy(), noon + 15 * minute)).phase, "Draining");
  });
});
