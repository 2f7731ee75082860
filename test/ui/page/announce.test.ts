import assert from "node:assert/strict";
import { announcements } from "../../../daemon/ui/page/announce.ts";
import { fleet, tile } from "./tiles.ts";

describe("A screen reader", () => {
  const free = {
    lock: { object: "lease/rebootd", annotation: "a", state: "free", message: "free" },
  } as const;

  it("says nothing about progress", () => {
    const before = fleet([
      tile("a", { phase: "Draining", holdsSlot: true }),
      tile("b", { phase: "Waiting" }),
    ]);
    const after = fleet([
      tile("a", { phase: "Rebooting", holdsSlot: true }),
      tile("b", { phase: "Waiting" }),
    ]);
    assert.deepEqual(announcements(before, after), []);
  });

  it("says new troubles, the first three by name, and none twice", () => {
    const well = ["a", "b", "c", "d", "e"].map((name) => tile(name));
    const bad = well.map(({ name }) => tile(name, { troubles: ["NotReady for 2m"] }));
    assert.deepEqual(announcements(fleet(well), fleet(bad)), [
      "New trouble: a NotReady for 2m; b NotReady for 2m; c NotReady for 2m and 2 more",
    ]);
    assert.deepEqual(announcements(fleet(bad), fleet(bad)), []);
  });

  it("says a failure that has no other trouble", () =>
    assert.deepEqual(
      announcements(
        fleet([tile("a", { phase: "Draining" }), tile("b", { phase: "Draining" })]),
        fleet([tile("a", { phase: "Failed" }), tile("b", { phase: "Draining" })]),
      ),
      ["New trouble: a is backing off after a failure"],
    ));

  it("says the end of a wave, and how many nodes wait", () => {
    const before = fleet([
      tile("a", { phase: "Settling", holdsSlot: true }),
      tile("b", { phase: "Waiting" }),
    ]);
    const after = fleet([tile("a"), tile("b", { phase: "Waiting" })], free);
    assert.deepEqual(announcements(before, after), [
      "The wave has ended: no node is rebooting, 1 node still waiting.",
    ]);
  });

  it("says a halt, a pause and a lock that cannot be read, once", () => {
    const before = fleet([], free);
    const after = fleet([], {
      halted: true,
      failuresMessage: "HALTED: 2 nodes failed in a row",
      pausedMessage: "all nodes are paused",
      lock: { ...free.lock, state: "unreadable", message: "the annotation is not JSON" },
    });
    assert.deepEqual(announcements(before, after), [
      "HALTED: 2 nodes failed in a row",
      "the annotation is not JSON",
      "all nodes are paused",
    ]);
    assert.deepEqual(announcements(after, after), []);
  });
});
