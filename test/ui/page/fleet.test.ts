import assert from "node:assert/strict";
import { countsOf, isTroubled, troublesFirst, withChange } from "../../../daemon/ui/page/fleet.ts";
import { sampleHead } from "../sample-fleet.ts";
import { fleet, tile } from "./tiles.ts";

const names = ({ nodes }: ReturnType<typeof fleet>) => [...nodes.keys()];

describe("The fleet of the page", () => {
  it("has its nodes by name, with numbers as numbers", () =>
    assert.deepEqual(names(fleet([tile("n-10"), tile("n-9"), tile("m")])), ["m", "n-9", "n-10"]));

  it("takes a change: nodes that changed, are new and are gone, and the head", () => {
    const before = fleet([tile("a"), tile("b"), tile("d")]);
    const after = withChange(before, {
      ...sampleHead,
      halted: true,
      nodes: [tile("a", { phase: "Draining" }), tile("c")],
      gone: ["b"],
    });
    assert.deepEqual(names(after), ["a", "c", "d"]);
    assert.equal(after.nodes.get("a")?.phase, "Draining");
    assert.equal(after.head.halted, true);
    assert.deepEqual(names(before), ["a", "b", "d"]);
  });

  it("keeps what nodes were without a change", () => {
    const before = fleet([tile("a"), tile("b")]);
    const after = withChange(before, { ...sampleHead, nodes: [tile("b", { phase: "Waiting" })], gone: [] });
    assert.equal(after.nodes.get("a"), before.nodes.get("a"));
  });

  it("drops messages of the head that are over", () => {
    const before = fleet([], { pausedMessage: "paused" });
    const after = withChange(before, { ...sampleHead, nodes: [], gone: [] });
    assert.equal(after.head.pausedMessage, undefined);
  });

  it("counts nodes by phase, in the order of the phases", () => {
    const nodes = [
      tile("a", { phase: "Waiting", neededSince: "2026-11-01T00:00:00Z" }),
      tile("b"),
      tile("c", { phase: "Failed" }),
      tile("d", { phase: "Draining", holdsSlot: true, troubles: ["NotReady"] }),
    ];
    const { phases, ...counts } = countsOf(nodes);
    assert.deepEqual([...phases.keys()], ["Failed", "Draining", "Waiting", "Idle"]);
    assert.deepEqual(counts, { nodes: 4, troubled: 2, holders: 1, needReboot: 1 });
  });
});

describe("Trouble", () => {
  it("is a trouble, a failure, a missing Node or an unreadable record", () => {
    assert.equal(isTroubled(tile("a", { troubles: ["NotReady"] })), true);
    for (const phase of ["Failed", "Gone", "Unknown"] as const)
      assert.equal(isTroubled(tile("a", { phase })), true);
    assert.equal(isTroubled(tile("a", { phase: "Restoring" })), false);
  });

  it("comes with holders of a slot first, then failures, then the oldest", () => {
    const nodes = [
      tile("new", { troubles: ["x"], since: "2026-11-02T00:00:00Z" }),
      tile("old", { troubles: ["x"], since: "2026-11-01T00:00:00Z" }),
      tile("undated", { troubles: ["x"] }),
      tile("failed", { phase: "Failed" }),
      tile("holder", { phase: "Rebooting", holdsSlot: true, troubles: ["x"] }),
      tile("well"),
    ];
    const order = troublesFirst(nodes).map(({ name }) => name);
    assert.deepEqual(order, ["holder", "failed", "old", "new", "undated"]);
  });
});
