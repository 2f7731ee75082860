import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { eventOf, eventTable } from "../../daemon/report/events.ts";

const page = readFileSync(new URL("../../docs/reference/events.md", import.meta.url), "utf8");

describe("The table of events", () => {
  it("is the one in docs/reference/events.md", () => {
    const rows = Object.entries(eventTable).map(([reason, row]) => {
      const { type, typeAfterFailure }: { type: string; typeAfterFailure?: string } = row;
      const types = typeAfterFailure ? `${type}; ${typeAfterFailure} after a failure` : type;
      return `| \`${reason}\` | ${types} | ${row.when} |`;
    });
    assert.deepEqual(
      page.split("\n").filter((line) => line.startsWith("| `")),
      rows,
    );
  });

  it("gives the type for the outcome of the cycle", () => {
    assert.deepEqual(eventOf("Restoring", "the drain timed out", true), {
      type: "Warning",
      reason: "Restoring",
      note: "the drain timed out",
    });
    assert.equal(eventOf("Restoring", "the window closed").type, "Normal");
    assert.equal(eventOf("Idle", "released", true).type, "Normal");
  });

  it("names the removed nodes, and the overdue holder with the remedy", () => {
    assert.equal(
      eventOf("OrphanRemoved", ["n2", "n3"]).note,
      "removed n2, n3 from the lock: the cluster has no such Node any more",
    );
    const holder = { node: "n2", heldSince: "2026-11-24T12:00:00Z", notReadySince: undefined };
    assert.equal(
      eventOf("HolderOverdue", holder).note,
      "n2 has held a slot since 2026-11-24T12:00:00Z, longer than a cycle takes, and is NotReady; it will not return by itself; " +
        "see rebootd explain n2, or release its slot with rebootd unlock n2",
    );
  });
});
