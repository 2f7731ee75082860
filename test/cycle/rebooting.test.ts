import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import { everyCase, everyRow } from "../rows.ts";
import { action, iso, minute, noon, policy, record, saved, seen } from "./builders.ts";

describe("A rebooting node whose machine was not asked yet", () => {
  const rebooting = record({ phase: "Rebooting", attempt: 1 });
  const drained = { drain: { state: "done", at: noon } } as const;

  it("is asked once everything is confirmed, and its record says so first", () =>
    everyCase({
      "is asked after slot, cordon, need and gates are confirmed, and its record says so first": () => {
        assert.deepEqual(action(decide(rebooting, seen(drained), policy(), noon + minute)), {
          do: "reboot",
          record: { ...rebooting, askedAt: iso(noon + minute) },
        });
      },
      "looks at Node, lock, need and gates again straight before the reboot": async () => {
        await everyRow(
          (["node", "lock", "need", "gates"] as const).map((one) => [one, one] as const),
          (missing) => {
            const partly = seen(drained);
            delete partly[missing];
            const stage = missing === "gates" ? { stage: "reboot" } : {};
            assert.deepEqual(action(decide(rebooting, partly, policy(), noon)), {
              do: "look",
              at: missing,
              ...stage,
            });
          },
        );
      },
      "is asked anew where the record names a request that was not made": () => {
        const unsent = { ...rebooting, askedAt: iso(noon) };
        const facts = { ...drained, ask: { result: "unsent" } } as const;
        assert.equal(action(decide(unsent, seen(facts), policy(), noon + minute)).do, "reboot");
        const recent = action(decide(unsent, seen(facts), policy(), noon + 1000));
        assert.deepEqual(recent, { do: "reboot", record: unsent }, "what was written a moment ago stands");
        const next = saved(decide(unsent, seen({ ...facts, held: false }), policy(), noon + minute));
        assert.deepEqual([next.phase, next.askedAt], ["Restoring", undefined]);
      },
      "is drained once more where nothing but the record says that it is empty": () => {
        for (const [attempt, before] of [
          [1, 0],
          [0, 0],
          [3, 2],
        ] as const) {
          const told = { ...rebooting, attempt };
          const next = saved(decide(told, seen({ isDrained: false }), policy(), noon + minute));
          assert.deepEqual([next.phase, next.attempt, next.since], ["Draining", before, iso(noon + minute)]);
        }
      },
      "counts from this boot on where its record has no boot ID": () => {
        for (const phase of ["Draining", "Rebooting"] as const) {
          const next = saved(
            decide(record({ phase, bootID: undefined, attempt: 1 }), seen(), policy(), noon),
          );
          assert.deepEqual([next.phase, next.bootID], [phase, seen().bootID]);
        }
      },
    }));

  it("is restored when it loses the right to reboot, unless the machine is going down already", () =>
    everyCase({
      "is restored and not rebooted when the right to reboot is lost": async () => {
        await everyRow(
          [
            ["the slot is lost", { held: false }],
            ["the reboot is no longer needed", { needed: false }],
            ["the window has closed", { closed: [{ gate: "window", code: "outside", message: "outside" }] }],
          ] as const,
          (facts) => {
            const all = seen({ ...drained, ...facts, closed: [...("closed" in facts ? facts.closed : [])] });
            const next = saved(decide(rebooting, all, policy(), noon));
            assert.equal(next.phase, "Restoring");
            assert.equal(next.outcome?.result, "withdrawn");
          },
        );
      },
      "is restored and not rebooted when somebody uncordoned it": () => {
        const next = saved(
          decide(rebooting, seen({ ...drained, node: { unschedulable: false } }), policy(), noon),
        );
        assert.equal(next.phase, "Restoring");
      },
      "is not restored before it was looked at whether the machine goes down": () => {
        const rest = seen({ held: false, without: "shutdown" });
        assert.deepEqual(action(decide(rebooting, rest, policy(), noon)), { do: "look", at: "shutdown" });
      },
      "is not restored while the machine goes down by somebody else's request": () => {
        const decision = decide(rebooting, seen({ held: false, shutdown: "under-way" }), policy(), noon);
        assert.deepEqual(action(decision), { do: "wait", until: noon + 5000 });
        assert.match(
          decision.why,
          /this node no longer holds the slot, but the machine is already going down/,
        );
      },
    }));
});

describe("A rebooting node whose machine was asked", () => {
  const asked = record({ phase: "Rebooting", attempt: 1, askedAt: iso(noon) });
  const late = noon + 10 * minute;

  it("is down for --reboot-timeout, whatever the need or the gates say", () =>
    everyCase({
      "is not restored before the timeout, whatever the need or the gates say": () => {
        const decision = decide(asked, seen({ needed: false }), policy(), noon);
        assert.deepEqual(action(decision), { do: "wait", until: noon + minute });
        const soon = decide(asked, seen(), policy(), late - 1000);
        assert.deepEqual(action(soon), { do: "wait", until: late });
      },
      "waits from the request on, not from the record that announced it": () => {
        const announced = { ...asked, since: iso(noon - 60 * minute) };
        assert.equal(action(decide(announced, seen(), policy(), noon)).do, "wait");
      },
      "looks whether the machine is going down after the timeout": () => {
        const rest = seen({ without: "shutdown" });
        assert.deepEqual(action(decide(asked, rest, policy(), late)), { do: "look", at: "shutdown" });
      },
      "waits for a machine that takes longer to go down, and is overdue": () => {
        const decision = decide(asked, seen({ shutdown: "under-way" }), policy({ rebootAttempts: 1 }), late);
        assert.deepEqual([action(decision), decision.overdue], [{ do: "wait", until: late + minute }, true]);
      },
    }));

  it("puts its entry back where the lock has lost it", () =>
    everyCase({
      "puts its entry back where the lock has lost it": () => {
        assert.deepEqual(action(decide(asked, seen({ held: false }), policy(), noon)), { do: "reenter" });
      },
      "looks at the lock for that": () => {
        const rest = seen({ without: "lock" });
        assert.deepEqual(action(decide(asked, rest, policy(), noon)), { do: "look", at: "lock" });
      },
      "looks at the Node first, where another daemon of this node may have ended the cycle": () => {
        const rest = seen({ held: false, without: "node" });
        assert.deepEqual(action(decide(asked, rest, policy(), noon)), { do: "look", at: "node" });
        assert.equal(action(decide(asked, { ...rest, node: "gone" }, policy(), noon)).do, "wait");
      },
      "keeps its entry out of the lock where that is a person's will, or cannot be done": async () => {
        await everyRow(
          [
            ["a person has taken it away", { takenAway: true }],
            [
              "the lock cannot be read",
              { refusal: { gate: "lock", code: "lock-unreadable", message: "junk" } },
            ],
            [
              "that was refused a moment ago",
              { setbacks: { reenter: { times: 1, until: noon + 1, why: "", isRefused: false } } },
            ],
          ] as const,
          (facts) => {
            assert.equal(action(decide(asked, seen({ held: false, ...facts }), policy(), noon)).do, "wait");
          },
        );
      },
      "tries to put its entry back again once the back-off is over": () => {
        const setbacks = { reenter: { times: 1, until: noon, why: "", isRefused: false } };
        assert.equal(action(decide(asked, seen({ held: false, setbacks }), policy(), noon)).do, "reenter");
      },
    }));

  it("drains newly scheduled pods before the next request once the machine is seen not to go down", () => {
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

  it("has failed after the last attempt, or where the machine has refused the request", () =>
    everyCase({
      "has failed after the last attempt": () => {
        const last = { ...asked, attempt: 2 };
        const next = saved(decide(last, seen(), policy(), late));
        assert.deepEqual([next.phase, next.outcome?.result, next.failures], ["Restoring", "failed", 1]);
      },
      "has failed at once where the machine has refused the request": () => {
        assert.equal(saved(decide(asked, seen({ ask }), policy(), noon)).outcome?.message, "no such command");
      },
      "looks at its Node before it is restored, and waits while the cluster has none": () => {
        const rest = seen({ ask, without: "node" });
        assert.deepEqual(action(decide(asked, rest, policy(), noon)), { do: "look", at: "node" });
        const gone = decide(asked, seen({ ask, node: "gone" }), policy(), noon);
        assert.deepEqual(action(gone), { do: "wait", until: noon + minute });
      },
    }));

  const ask = { result: "refused", why: "no such command" } as const;

  it("returns once the boot ID has changed", () => {
    assert.equal(saved(decide(asked, seen({ rebooted: true }), policy(), noon)).phase, "Returning");
  });
});
