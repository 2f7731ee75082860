import assert from "node:assert/strict";
import { everyRow } from "../rows.ts";
import { holder, nodeObject, stage } from "./builders.ts";
import {
  type Leftovers,
  type Marks,
  nothingLeftBehind,
  personsCordonStays,
  uncordonedThenReleased,
} from "./nothing-left-behind.ts";

describe("P2, nothing left behind, is broken by", () => {
  it("a daemon that uncordons what a person has cordoned", () => {
    const { look, node, broken } = stage();
    const checker = personsCordonStays(look);
    checker.onUncordoned?.("n1", "daemon", "person");
    assert.deepEqual(broken(), ["a person's cordon stays"]);
    checker.onUncordoned?.("n1", "daemon", "daemon");
    checker.onUncordoned?.("n1", "person", "person");
    node("n1", { isForged: true });
    checker.onUncordoned?.("n1", "daemon", "person");
    assert.deepEqual(broken(), []);
  });

  it("a daemon that releases its slot while its node is cordoned", () => {
    const { look, node, objects, broken } = stage();
    const checker = uncordonedThenReleased(look);
    node("n1", { cordoner: "daemon" });
    objects.set("nodes/n1", nodeObject("n1", { cordoned: true }));
    checker.onRemoved?.({ writer: "n1", entry: holder("n1") });
    assert.deepEqual(broken(), ["uncordon, then release"]);
    objects.set("nodes/n1", nodeObject("n1"));
    checker.onRemoved?.({ writer: "n1", entry: holder("n1") });
    assert.deepEqual(broken(), []);
  });

  const asFound: Marks = { isCordoned: false, taints: [], labels: {} };
  const left: [string, Partial<Marks>][] = [
    ["a cordon", { isCordoned: true }],
    ["a taint", { taints: ["x=:NoSchedule"] }],
    ["a label", { labels: { x: "y" } }],
  ];
  const endOf = (leftovers: Partial<Leftovers>) => {
    const { look, broken } = stage();
    nothingLeftBehind(look, { holders: () => [], nodes: () => [], ...leftovers }).atEnd?.();
    return broken();
  };

  it("a slot that is held in the end", () => {
    assert.deepEqual(endOf({ holders: () => ["n1"] }), ["nothing is left behind"]);
    assert.deepEqual(endOf({}), []);
  });

  it("a node that is not as it was found", () =>
    everyRow(left, (more) => {
      const last = { ...asFound, ...more };
      assert.equal(endOf({ nodes: () => [{ name: "n1", first: asFound, last }] }).length, 1);
      assert.equal(endOf({ nodes: () => [{ name: "n1", first: last, last: asFound }] }).length, 1);
      assert.equal(endOf({ nodes: () => [{ name: "n1", first: last, last }] }).length, 0);
    }));
});
