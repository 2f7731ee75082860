import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
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

describe("What a draining node waits for", () => {
  const draining = record({ phase: "Draining" });
  const running = runningWith();
  const leftSays = "2 pods remain: shop/cart-0: no room in budget cart; shop/cart-1: is terminating";
  const nextSays = "at 2026-11-24T12:15:00Z the node is restored";

  it("is reported on the Node when it changes, ever more rarely in a long drain", () =>
    everyCase({
      "reports which pods remain, why, and what follows when: half a minute after the cordon, then when that changes":
        () => {
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
        },
      "reports that ever more rarely in a long drain, and not sooner for what it reported while it waited":
        () => {
          const long = policy({ drainTimeoutMs: 24 * 60 * minute });
          const after = noon + 5 * 60 * minute;
          const told = record({ ...draining, reportedAt: iso(after), reasons: [] });
          const decision = decide(told, seen({ drain: running }), long, after + minute);
          assert.deepEqual(action(decision), { do: "wait", until: after + 30 * minute });
          const before = record({ ...draining, reportedAt: iso(noon - minute) });
          assert.equal(
            action(decide(before, seen({ drain: running }), long, noon + minute / 2 - 1)).do,
            "wait",
          );
        },
    }));

  it("says what follows by the escalation", async () => {
    await everyRow(
      [
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
      ] as const,
      (changes, at, says) => {
        const decision = decide(draining, seen({ drain: running }), policy(changes), noon + at * minute);
        assert.equal(decision.why, `${leftSays}; ${says}`);
      },
    );
  });

  it("is which pods remain, and why", () =>
    everyCase({
      "names a few of the pods, and says how many more there are": () => {
        const many = seen({ drain: runningWith({ podsLeft: 40 }) });
        assert.match(
          decide(draining, many, policy(), noon).why,
          /^40 pods remain: shop\/cart-0: [^;]*; [^;]*; and 38 more; /,
        );
      },
      "says how many remain also where no reason is known": () => {
        const quiet = seen({ drain: { ...running, blocked: [] } });
        assert.equal(decide(draining, quiet, policy(), noon).why, `2 pods remain; ${nextSays}`);
        const none = seen({ drain: { ...running, podsLeft: 0, blocked: [] } });
        assert.match(decide(draining, none, policy(), noon).why, /no pod is known to remain/);
      },
      "says that more may appear where no pod is known to remain": () => {
        const decision = decide(
          draining,
          seen({ drain: runningWith({ podsLeft: 0, blocked: [] }) }),
          policy(),
          noon,
        );
        assert.match(decision.why, /no pod is known to remain/);
      },
      "names why the pods cannot be seen": () => {
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
      },
    }));
});
