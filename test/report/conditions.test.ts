import assert from "node:assert/strict";
import { blockedReason, conditionsOf } from "../../daemon/report/conditions.ts";
import { iso, noon, record, seen } from "../cycle/builders.ts";
import { everyCase } from "../rows.ts";

type Facts = Parameters<typeof record>[0];

/** The conditions that are not False, as "TYPE=REASON". */
function shown(facts: Facts, world: Parameters<typeof seen>[0] = {}, hasWindow = false): string[] {
  const conditions = conditionsOf(record(facts), seen(world), { hasWindow });
  return Object.entries(conditions)
    .filter(([, { status }]) => status !== "False")
    .map(([type, { status, reason }]) => `${type}=${status === "Unknown" ? "?" : ""}${reason}`);
}

const reasons = [
  { gate: "window", code: "outside", message: "outside the window, which opens at 02:00", since: iso(noon) },
  { gate: "lock", code: "lock-taken", message: "all slots are taken", since: iso(noon) },
];

describe("The conditions of a Node say", () => {
  it("in each phase what is so", () =>
    everyCase({
      "nothing, on a node that needs no reboot": () =>
        assert.deepEqual(shown({ phase: "Idle", need: undefined }, { needed: false }), []),
      "that a reboot is required": () =>
        assert.deepEqual(shown({ phase: "Waiting" }), ["RebootRequired=PackagesUpdated"]),
      "what has asked for it": () => {
        const asked = {
          file: "SentinelFile",
          command: "SentinelCommand",
          request: "RebootRequested",
          label: "RequestedByLabel",
          uptime: "MaxUptime",
        };
        for (const [source, reason] of Object.entries(asked)) {
          const need = { source, reasons: [], since: iso(noon) };
          assert.deepEqual(shown({ phase: "Settling", need }, { without: "need" }), [
            `RebootRequired=${reason}`,
          ]);
        }
      },
      "what blocks it, and that it is planned": () =>
        assert.deepEqual(shown({ phase: "Waiting", reasons }, {}, true), [
          "RebootRequired=PackagesUpdated",
          "RebootBlocked=WindowOutside",
          "MaintenancePlanned=MaintenanceWindow",
        ]),
      "that the drain is in progress": () =>
        assert.deepEqual(shown({ phase: "Draining", cordoned: true }, { isDrained: false }).slice(1), [
          "MaintenanceInProgress=AdminRequested",
          "DrainInProgress=AdminRequested",
        ]),
      "nothing of a drain before the cordon": () =>
        assert.deepEqual(shown({ phase: "Draining", announced: true }, { isDrained: false }).slice(1), [
          "MaintenanceInProgress=AdminRequested",
        ]),
      "that the node is drained, until the uncordon": () => {
        for (const phase of ["Rebooting", "Returning"] as const)
          assert.deepEqual(
            shown({ phase }, {}, true).slice(1),
            ["MaintenanceInProgress=MaintenanceWindow", "Drained=DrainCompleted"],
            phase,
          );
      },
      "nothing of a cycle once the node is in service": () =>
        assert.deepEqual(shown({ phase: "Settling", need: undefined }, { needed: false }), []),
    }));

  it("nothing of a drain that a restart of the daemon has lost", () => {
    assert.ok(shown({ phase: "Draining" }, { isDrained: true }).includes("Drained=DrainCompleted"));
    assert.ok(!shown({ phase: "Draining" }, { isDrained: false }).includes("Drained=DrainCompleted"));
  });

  it("all reasons in one line, however long and hostile they are", () => {
    const message = "\u001b[31mred\nline".repeat(500);
    const { RebootBlocked } = conditionsOf(
      record({ phase: "Waiting", reasons: [{ gate: "alerts", code: "active", message, since: iso(noon) }] }),
      seen(),
      { hasWindow: false },
    );
    assert.match(RebootBlocked?.message ?? "", /^[^\p{C}]{1,1024}$/u);
    assert.equal(
      conditionsOf(record({ phase: "Waiting", reasons }), seen(), { hasWindow: false }).RebootBlocked
        ?.message,
      "outside the window, which opens at 02:00; all slots are taken",
    );
  });

  it("the first reason in CamelCase", () => {
    const named = (gate: string, code: string) => blockedReason({ gate, code });
    assert.equal(named("lock", "lock-taken"), "LockTaken");
    assert.equal(named("lock", "halted"), "LockHalted");
    assert.equal(named("disruption", "budget-exhausted"), "DisruptionBudgetExhausted");
    assert.equal(named("we<ird", "a b"), "WeIrdAB");
  });
});
