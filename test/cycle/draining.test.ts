import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Closed } from "../../daemon/gates/reasons.ts";
import { everyCase, everyRow } from "../rows.ts";
import {
  action,
  iso,
  minute,
  noon,
  policy,
  record,
  running as runningWith,
  saved,
  seen,
} from "./builders.ts";

describe("A draining node", () => {
  const draining = record({ phase: "Draining" });
  const running = runningWith();

  it("evicts and waits until the deadline, which counts from the cordon", () =>
    everyCase({
      "evicts, with the deadline that counts from the cordon": () => {
        assert.deepEqual(action(decide(draining, seen(), policy(), noon + minute)), {
          do: "drain",
          cordonedAt: noon,
          deadline: noon + 15 * minute,
          deleteAt: Number.POSITIVE_INFINITY,
        });
      },
      "waits while pods remain": () => {
        const decision = decide(draining, seen({ drain: running }), policy(), noon);
        assert.deepEqual(action(decision), { do: "wait", until: noon + minute / 2 });
        assert.equal(decision.drainEnds, noon + 15 * minute);
      },
      "deletes pods after the time that the escalation gives": () => {
        assert.deepEqual(action(decide(draining, seen(), escalating, noon)), {
          do: "drain",
          cordonedAt: noon,
          deadline: noon + 15 * minute,
          deleteAt: noon + 10 * minute,
        });
      },
      "looks again when a gate will change": () => {
        const facts = seen({ drain: running, changesAt: noon + 10_000 });
        assert.deepEqual(action(decide(draining, facts, policy(), noon)), {
          do: "wait",
          until: noon + 10_000,
        });
      },
      "waits while its Node is gone from the cluster": () => {
        assert.equal(action(decide(draining, seen({ node: "gone" }), policy(), noon)).do, "wait");
      },
    }));

  it("is restored at the deadline, or when the drain breaks", () =>
    everyCase({
      "is restored as it was found at the deadline, and names the pods that blocked": () => {
        const decision = decide(draining, seen({ drain: running }), policy(), noon + 15 * minute);
        const next = saved(decision);
        assert.equal(next.phase, "Restoring");
        assert.equal(next.cordon, "clear");
        assert.equal(next.outcome?.result, "failed");
        assert.match(next.outcome?.message ?? "", /2 pods remain: shop\/cart-0: no room in budget cart/);
      },
      "is restored at the deadline also when a restart lost the drain": () => {
        assert.equal(saved(decide(draining, seen(), policy(), noon + 15 * minute)).outcome?.result, "failed");
      },
      "is restored when the drain breaks": () => {
        const broken = seen({ drain: { state: "failed", why: "the drain broke: boom" } });
        assert.equal(
          saved(decide(draining, broken, policy(), noon)).outcome?.message,
          "the drain broke: boom",
        );
      },
      "keeps a cordon that is not its own when it is restored": () => {
        const theirs = record({ phase: "Draining", cordoned: false });
        assert.equal(saved(decide(theirs, seen({ held: false }), policy(), noon)).cordon, undefined);
      },
      "remembers the shortest grace period with which a pod has outlasted it": () => {
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
      },
    }));

  const escalating = policy({ drainDeleteAfterMs: 10 * minute, rebootAnyway: true });

  it("reboots anyway where the escalation says so, but never without a list of its pods", () =>
    everyCase({
      "reboots anyway where the escalation says so": async () => {
        await everyRow(
          [
            ["with pods left at the deadline", running, 15 * minute],
            ["when the drain breaks", { state: "failed", why: "it broke" }, 0],
          ] as const,
          (drain, at) => {
            const decision = decide(draining, seen({ drain, stage: "reboot" }), escalating, noon + at);
            const next = saved(decision);
            assert.deepEqual([next.phase, next.attempt, next.cordon], ["Rebooting", 1, undefined]);
            assert.match(decision.why, /; rebooting anyway; rebooting$/);
          },
        );
      },
      "looks at the pods first where a restart lost the drain and the time for the reboot has come": () => {
        const late = noon + 15 * minute;
        assert.equal(action(decide(draining, seen(), escalating, late)).do, "drain");
        const unlisted = (trouble?: string) =>
          seen({ drain: runningWith({ isListed: false, podsLeft: 0, left: {}, blocked: [], trouble }) });
        const listing = decide(draining, unlisted(), escalating, late);
        assert.deepEqual(action(listing), { do: "wait", until: late + 5000 });
        const failed = saved(decide(draining, unlisted("403: forbidden"), escalating, late));
        assert.deepEqual([failed.phase, failed.outcome?.result], ["Restoring", "failed"]);
        assert.match(failed.outcome?.message ?? "", /have not been listed yet.*403: forbidden/);
      },
      "does not reboot anyway where the pods cannot be seen": () => {
        const drain = {
          state: "failed",
          why: "the pods of this node cannot be seen: 403",
          isBlind: true,
        } as const;
        const next = saved(decide(draining, seen({ drain, stage: "reboot" }), escalating, noon));
        assert.deepEqual([next.phase, next.outcome?.message], ["Restoring", drain.why]);
      },
    }));

  const detaching = seen({
    stage: "reboot",
    drain: { state: "detaching", volumes: ["pv-1 (csi.example.com)"] },
  });

  it("waits for volumes until the deadline, and reboots then", () =>
    everyCase({
      "waits while volumes of the pods that went are attached, and names them": () => {
        const decision = decide(draining, detaching, policy(), noon);
        assert.deepEqual(action(decision), { do: "wait", until: noon + minute / 2 });
        assert.match(decision.why, /the node is empty.*pv-1 \(csi\.example\.com\)/);
        const next = saved(decide(draining, detaching, policy(), noon + minute));
        assert.deepEqual([next.reasons[0]?.code, next.reasons[0]?.message], ["volumes", decision.why]);
      },
      "reboots at the deadline when only volumes are left, as no pod is harmed": () => {
        assert.equal(saved(decide(draining, detaching, policy(), noon + 15 * minute)).phase, "Rebooting");
      },
    }));

  const empty = { drain: { state: "done", at: noon }, stage: "reboot" } as const;

  it("goes on to the reboot once it is empty, after --reboot-delay", () =>
    everyCase({
      "goes on to the reboot once the last pod has gone": () => {
        const next = saved(decide(draining, seen(empty), policy(), noon + minute));
        assert.equal(next.phase, "Rebooting");
        assert.equal(next.attempt, 1);
        assert.equal(next.lastDrainMs, minute);
      },
      "counts the delay before the cordon as part of the drain": () => {
        const delaying = policy({ drainDelayMs: minute });
        assert.equal(saved(decide(draining, seen(empty), delaying, noon + minute)).lastDrainMs, 2 * minute);
      },
      "waits for the reboot delay after the drain": () => {
        const decision = decide(
          draining,
          seen({ drain: { state: "done", at: noon } }),
          policy({ rebootDelayMs: minute }),
          noon,
        );
        assert.deepEqual(action(decision), { do: "wait", until: noon + minute / 2 });
        assert.equal(decision.why, "drained; waiting for --reboot-delay until 2026-11-24T12:01:00Z");
      },
      "returns when the machine rebooted by itself": () => {
        assert.equal(saved(decide(draining, seen({ rebooted: true }), policy(), noon)).phase, "Returning");
      },
    }));

  it("is restored without a failure when it loses the right to reboot", () =>
    everyCase({
      "is restored without a failure when the right to reboot is lost": async () => {
        await everyRow(
          [
            ["the slot is lost", { held: false }],
            ["the need goes away", { needed: false }],
            ["it can no longer tell whether a reboot is needed", { needed: "unknown" }],
          ] as const,
          (facts) => {
            const next = saved(decide(draining, seen({ ...facts, drain: running }), policy(), noon));
            assert.equal(next.phase, "Restoring");
            assert.equal(next.outcome?.result, "withdrawn");
          },
        );
      },
      "is restored when all nodes are paused": () => {
        const refusal = { gate: "paused", code: "cluster", message: "all nodes are paused" } as const;
        const next = saved(decide(draining, seen({ refusal, drain: running }), policy(), noon));
        assert.deepEqual([next.phase, next.outcome?.result], ["Restoring", "withdrawn"]);
        const halted = { gate: "lock", code: "halted", message: "3 nodes failed" } as const;
        assert.equal(
          action(decide(draining, seen({ refusal: halted, drain: running }), policy(), noon)).do,
          "wait",
        );
      },
      "is restored without a failure when a gate closes, whenever that is": async () => {
        await everyRow(
          [
            ["while it drains", running],
            ["once it is drained", empty.drain],
            ["before the first eviction", { state: "none" }],
          ] as const,
          (drain) => {
            const facts = seen({ drain, stage: "reboot", closed: [inhibited, outside] });
            const next = saved(decide(draining, facts, policy(), noon));
            assert.deepEqual([next.phase, next.cordon], ["Restoring", "clear"]);
            assert.deepEqual(next.outcome, { result: "withdrawn", at: iso(noon), message: "outside" });
          },
        );
      },
      "is restored when a gate closes during --drain-delay": () => {
        const announced = record({ phase: "Draining", announced: true, cordoned: false });
        assert.equal(
          saved(decide(announced, seen({ closed: [outside] }), policy(), noon)).phase,
          "Restoring",
        );
      },
    }));

  const uncordoned = seen({ node: { unschedulable: false }, drain: running });

  it("is cordoned again when somebody uncordons it, but once", () =>
    everyCase({
      "is cordoned again when somebody uncordons it, and says so": () => {
        const decision = decide(
          record({ ...draining, cordoned: false }),
          uncordoned,
          policy(),
          noon + minute,
        );
        const next = saved(decision);
        assert.match(decision.why, /somebody uncordoned the node .*cordoning it again, once$/);
        assert.deepEqual(
          [next.phase, next.cordon, next.cordoned, next.cordonedAgain],
          ["Draining", "set", true, true],
        );
        assert.equal(next.since, draining.since, "the old deadline counts");
      },
      "is restored, as a failure, when somebody uncordons it a second time": () => {
        const next = saved(decide(record({ ...draining, cordonedAgain: true }), uncordoned, policy(), noon));
        assert.equal(next.phase, "Restoring");
        assert.equal(next.outcome?.result, "failed");
      },
    }));

  const outside: Closed = { gate: "window", code: "outside", message: "outside" };
  const said = { gate: "inhibitors", code: "held", message: "apt holds it back" } as const;
  const inhibited = { ...said, isTransient: true } as const;

  it("looks at the gates, and goes on while something transient holds the reboot up", () =>
    everyCase({
      "looks at the gates while it drains, and once it is drained at those before the reboot": () => {
        const rest = seen({ drain: running, without: "gates" });
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
      },
      "goes on with the drain while something transient holds the reboot up": () => {
        const facts = seen({ drain: running, stage: "drain", closed: [inhibited] });
        assert.equal(action(decide(draining, facts, policy(), noon)).do, "wait");
      },
    }));

  describe("that is empty while something transient holds the reboot up", () => {
    const held = (changesAt = Number.POSITIVE_INFINITY) =>
      seen({ ...empty, stage: "reboot", closed: [inhibited], changesAt });
    const waiting = record({ phase: "Draining", reasons: [{ ...said, since: iso(noon) }] });

    it("waits for it for a time, says so on the Node, and reboots once it is over", () =>
      everyCase({
        "names it on the Node": () => {
          const decision = decide(draining, held(), policy(), noon);
          assert.match(decision.why, /drained, but apt holds it back/);
          const next = saved(decision);
          assert.deepEqual([next.phase, next.reasons], ["Draining", waiting.reasons]);
        },
        "waits, and looks again every few seconds": () => {
          assert.deepEqual(action(decide(waiting, held(), policy(), noon)), {
            do: "wait",
            until: noon + 5000,
          });
          assert.deepEqual(action(decide(waiting, held(noon + 1), policy(), noon)), {
            do: "wait",
            until: noon + 1,
          });
        },
        "reboots once it is over": () => {
          const next = saved(decide(waiting, seen({ ...empty, stage: "reboot" }), policy(), noon + minute));
          assert.deepEqual([next.phase, next.reasons], ["Rebooting", []]);
        },
        "is restored when that takes longer than --drain-timeout": () => {
          const next = saved(decide(waiting, held(), policy(), noon + 15 * minute));
          assert.deepEqual([next.phase, next.outcome?.result], ["Restoring", "withdrawn"]);
          assert.match(next.outcome?.message ?? "", /apt holds it back, for longer than --drain-timeout/);
        },
      }));
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
