import assert from "node:assert/strict";
import { everyRow } from "../rows.ts";
import { entering, holder, lockObject, manual, nodeObject, stage } from "./builders.ts";
import type { Entry } from "./eyes.ts";
import {
  entersItselfAlone,
  protectedLabelsStay,
  removesItselfAlone,
  writesNoOtherNode,
} from "./only-its-own.ts";

describe("P8, least privilege, is broken by a daemon that", () => {
  const node = nodeObject("n1");
  const write = { name: "n1", isRestored: false, object: node, previous: node };

  it("writes another Node", () => {
    const { look, broken } = stage();
    writesNoOtherNode(look).onNode?.({ ...write, writer: "n2" });
    assert.deepEqual(broken(), ["a daemon writes no other Node"]);
    writesNoOtherNode(look).onNode?.({ ...write, writer: "n1" });
    writesNoOtherNode(look).onNode?.({ ...write, writer: undefined });
    assert.deepEqual(broken(), []);
  });

  it("changes a label of Kubernetes, but not by one that options name", () => {
    const { look, broken } = stage();
    const labelled = (labels: Record<string, string>) => {
      protectedLabelsStay(look).onNode?.({ ...write, writer: "n1", object: nodeObject("n1", { labels }) });
      return broken();
    };
    assert.deepEqual(labelled({ "topology.kubernetes.io/zone": "b" }), [
      "labels that Kubernetes protects stay",
    ]);
    assert.deepEqual(labelled({ "node.kubernetes.io/exclude-from-external-load-balancers": "" }), []);
  });

  it("enters another node, or its own twice", () => {
    const { look, broken } = stage();
    const checker = entersItselfAlone(look);
    checker.onEntered?.(entering({ name: "n2" }));
    assert.deepEqual(broken(), ["a daemon enters itself alone"]);
    const before = [holder("n1")];
    const change = { writer: "n1", before, object: lockObject({}), previous: undefined };
    checker.onLock?.({ ...change, after: [holder("n1"), holder("n1")] });
    assert.deepEqual(broken(), ["a node has one slot"]);
    checker.onEntered?.(entering());
    checker.onLock?.({ ...change, after: [holder("n1"), holder("n2")] });
    assert.deepEqual(broken(), []);
  });

  const { concurrency: _, ...ofKured } = holder("n1");
  const entries: [string, Entry, string[]][] = [
    ["a manual entry", manual("me"), ["a lock set by hand stays"]],
    ["the slot of another node", holder("n2"), ["no slot is stolen"]],
    ["the slot of a Node that was made anew", holder("n2", { nodeUID: "another" }), []],
    ["the slot of a Node that is gone", holder("n3"), []],
    ["what kured has entered", ofKured, ["kured's entry is kured's"]],
    ["its own slot", holder("n1"), []],
  ];
  it("removes an entry that is not its own", () =>
    everyRow(entries, (entry, promises) => {
      const { look, objects, broken } = stage();
      objects.set("nodes/n2", nodeObject("n2"));
      removesItselfAlone(look).onRemoved?.({ writer: "n1", entry });
      assert.deepEqual(broken(), promises);
    }));
});
