import assert from "node:assert/strict";
import { decide } from "../../daemon/cycle/decide.ts";
import type { Closed } from "../../daemon/gates/reasons.ts";
import { everyCase, everyRow } from "../rows.ts";
import {
  action,
  idle,
  iso,
  marks,
  minute,
  noon,
  policy,
  record,
  running as runningWith,
  saved,
  seen,
} from "./builders.ts";

describe("Annotations that must be true before a reboot", () => {
  const keys = ["example.com/backup", "example.com/quorum"];
  const beforeHooks = { keys, timeoutMs: 5 * minute, late: "restore" } as const;
  const hooked = policy({ marks: marks({ hooks: keys }), beforeHooks });
  const draining = record({ phase: "Draining" });
  const empty = (annotations: Record<string, string> = {}) =>
    seen({ drain: { state: "done", at: noon }, stage: "reboot", node: { annotations } });
  const [backup, quorum] = ["example.com/backup", "example.com/quorum"] as const;
  const message = "waiting for these annotations to be true before the reboot: example.com/quorum";
  const reasons = [{ gate: "hooks", code: "before", message, since: iso(noon) }];
  const called = record({ ...draining, reasons, reportedAt: iso(noon) });

  it("are set to waiting once the node is drained, and waited for", () =>
    everyCase({
      "are set to waiting once the node is drained, each that is not true yet": () => {
        const { action, reasons: held } = decide(draining, empty({ [backup]: "true" }), hooked, noon);
        assert.ok(action.do === "save");
        assert.deepEqual(action.change, { annotations: { [quorum]: "waiting" } });
        assert.deepEqual([action.record.phase, action.record.reasons, held], ["Draining", reasons, reasons]);
      },
      "are not touched while it drains": () => {
        const running = seen({ drain: runningWith({ blocked: [] }) });
        assert.equal(action(decide(draining, running, hooked, noon)).do, "wait");
      },
      "are waited for": () => {
        const waiting = empty({ [backup]: "true", [quorum]: "waiting" });
        const decision = decide(called, waiting, hooked, noon + minute);
        assert.equal(action(decision).do, "wait");
        assert.deepEqual([decision.why, decision.reasons], [`drained, but ${message}`, reasons]);
      },
      "do not hide other reasons": () => {
        const closed: Closed[] = [
          { gate: "inhibitors", code: "held", message: "apt", isTransient: true },
        ] as const;
        const facts = { ...empty({ [backup]: "true" }), gates: { stage: "reboot", closed } } as const;
        const next = saved(decide(draining, facts, hooked, noon));
        assert.deepEqual(
          next.reasons.map(({ gate }) => gate),
          ["inhibitors", "hooks"],
        );
      },
    }));

  it("let the node reboot once all are true, and are removed with that", () => {
    const all = empty({ [backup]: "true", [quorum]: "true" });
    const { action } = decide(called, all, hooked, noon + minute);
    assert.ok(action.do === "save");
    assert.equal(action.record.phase, "Rebooting");
    assert.deepEqual(action.change.annotations, { [backup]: null, [quorum]: null });
  });

  const late = empty({ [backup]: "true", [quorum]: "waiting" });

  it("make the cycle fail where they are late, unless --before-reboot-hooks-late says otherwise", () =>
    everyCase({
      "make the cycle fail where they are late": () => {
        const next = saved(decide(called, late, hooked, noon + 5 * minute));
        assert.deepEqual([next.phase, next.outcome?.result], ["Restoring", "failed"]);
        assert.equal(next.outcome?.message, `${message}, for longer than --before-reboot-hooks-timeout`);
      },
      "are ignored where they are late and --before-reboot-hooks-late says so": () => {
        const lenient = policy({ beforeHooks: { ...beforeHooks, late: "go-on" } });
        assert.equal(action(decide(called, late, lenient, noon + 5 * minute - 1)).do, "wait");
        assert.equal(saved(decide(called, late, lenient, noon + 5 * minute)).phase, "Rebooting");
      },
    }));
});

describe("Annotations that are to be true after a reboot", () => {
  const hooked = policy({ marks: marks({ hooks: ["example.com/raid-checked"] }) });
  const draining = record({ phase: "Draining" });
  const forgotten = { "example.com/raid-checked": null };

  it("are removed at the beginning of a cycle and before the end of it", async () => {
    await everyRow(
      [
        ["in the patch that begins the cycle", idle(), { node: { unschedulable: false } }],
        [
          "in the last patch before the reboot",
          draining,
          { drain: { state: "done", at: noon }, stage: "reboot" },
        ],
        ["when the cycle is undone", draining, { drain: { state: "failed", why: "it broke" } }],
      ] as const,
      (before, facts) => {
        const { action } = decide(before, seen(facts), hooked, noon);
        assert.ok(action.do === "save");
        assert.deepEqual(action.change.annotations, forgotten);
      },
    );
  });

  it("are kept when the reboot is proved, as the new boot may have set them", () => {
    const rebooting = record({ phase: "Rebooting", attempt: 1 });
    const { action } = decide(rebooting, seen({ rebooted: true }), hooked, noon);
    assert.ok(action.do === "save");
    assert.deepEqual(action.change, {});
  });
});
