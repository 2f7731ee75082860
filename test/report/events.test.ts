import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import { eventOf, eventsOfChange, eventTable, typeOf } from "../../daemon/report/events.ts";
import { idle, iso, noon, record } from "../cycle/builders.ts";
import { everyRow } from "../rows.ts";

const page = readFileSync(new URL("../../docs/reference/events.md", import.meta.url), "utf8");

describe("The table of events", () => {
  it("is the one in docs/reference/events.md", () => {
    const rows = Object.entries(eventTable).map(([reason, row]) => {
      const { level, action, when, on = "Node" }: Row = row;
      return `| \`${reason}\` | ${typeOf(level)} | \`${action}\` | ${on} | ${when} |`;
    });
    assert.deepEqual(
      page.split("\n").filter((line) => line.startsWith("| `")),
      rows,
    );
  });

  it("has reasons and actions in the form of the API, and no action that is a reason", () => {
    const reasons = Object.keys(eventTable);
    const actions = Object.values(eventTable).map(({ action }) => action);
    for (const name of [...reasons, ...actions]) assert.match(name, /^([A-Z][a-z]+)+$/);
    assert.deepEqual(
      actions.filter((action) => reasons.includes(action)),
      [],
    );
  });

  it("names the removed nodes, and the overdue holder with the remedy", () => {
    assert.equal(
      eventOf("LockOrphanRemoved", ["n2", "n3"]).note,
      "removed n2, n3 from the lock: the cluster has no such Node any more",
    );
    const holder = { node: "n2", heldSince: "2026-11-24T12:00:00Z", notReadySince: undefined };
    assert.equal(
      eventOf("HolderOverdue", holder).note,
      "n2 has held a slot since 2026-11-24T12:00:00Z, longer than a cycle takes, and is NotReady; it will not return by itself; " +
        "see rebootd explain n2, or release its slot with rebootd unlock n2",
    );
  });

  it("names the cause of a need", () => {
    const noteOf = (source: string, ...reasons: string[]) =>
      eventOf("RebootRequired", { source, reasons }).note;
    assert.equal(noteOf("file"), "the sentinel file says that a reboot is needed");
    assert.equal(noteOf("command"), "the sentinel command says that a reboot is needed");
    assert.equal(noteOf("file", "linux-image", "libc6"), "a reboot is needed: linux-image, libc6");
  });
});

interface Row {
  level: "info" | "warn" | "error";
  action: string;
  when: string;
  on?: string;
}

describe("A change of phase", () => {
  const ended = (result: "failed" | "withdrawn", during?: "drain") => ({
    phase: "Restoring" as const,
    outcome: { result, at: iso(noon), message: "1 pod remains: shop/cart-0", ...(during && { during }) },
  });
  type Half = Partial<CycleRecord>;
  const changes: [what: string, from: Half, to: Half, ...said: string[]][] = [
    ["to the drain", { phase: "Waiting" }, { phase: "Draining" }, "info DrainStarted: why"],
    ["to the drain once more", { phase: "Rebooting" }, { phase: "Draining" }, "info DrainStarted: why"],
    ["to the reboot", { phase: "Draining" }, { phase: "Rebooting" }, "info Rebooting: why"],
    [
      "to the return",
      { phase: "Rebooting" },
      { phase: "Returning", tookMs: { wait: 3_600_000, drain: 90_400, boot: 60_000 } },
      "info Rebooted: why; wait 60m, drain 1m30s, boot 1m",
    ],
    ["to the return from a drain", { phase: "Draining" }, { phase: "Returning" }, "info Rebooted: why"],
    [
      "to the uncordon",
      { phase: "Returning" },
      { phase: "Settling", tookMs: { wait: 0, drain: 400, boot: 60_000, return: 45_000 } },
      "info Returned: why; wait 0s, drain 0s, boot 1m, return 45s",
    ],
    [
      "away from a drain that has failed",
      { phase: "Draining" },
      ended("failed", "drain"),
      "error DrainFailed: 1 pod remains: shop/cart-0",
      "info Restored: why (implied)",
    ],
    ["away from a reboot", { phase: "Rebooting" }, ended("failed"), "info Restored: why"],
    ["away from what is not allowed", { phase: "Draining" }, ended("withdrawn"), "info Restored: why"],
    ["to a failure", { phase: "Restoring" }, { phase: "Failed" }, "error CycleFailed: why"],
    [
      "to a failure with the drain",
      { phase: "Restoring" },
      { ...ended("failed", "drain"), phase: "Failed" },
      "error CycleFailed: why (implied)",
    ],
    [
      "to a failure with the drain after which the node gives up",
      { phase: "Restoring" },
      {
        ...ended("failed", "drain"),
        phase: "Failed",
        reasons: [{ gate: "failures", code: "given-up", message: "gave up", since: iso(noon) }],
      },
      "error CycleFailed: why",
    ],
    ["to the end", { phase: "Settling" }, { phase: "Idle" }, "info CycleDone: why (implied)"],
    ["to the next wait", { phase: "Restoring" }, { phase: "Waiting" }, "info CycleDone: why (implied)"],
    ["between cycles", { phase: "Failed" }, { phase: "Waiting" }],
    ["to no need", { phase: "Waiting" }, { phase: "Idle" }],
  ];
  it("is an event where something has happened", () =>
    everyRow(changes, (from, to, ...said) => {
      const events = eventsOfChange({ from: record(from), to: idle(to), why: "why" });
      assert.deepEqual(
        events.map((one) => `${one.level} ${one.reason}: ${one.note}${one.isImplied ? " (implied)" : ""}`),
        said,
      );
    }));
});
