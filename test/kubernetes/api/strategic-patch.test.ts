import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Fields } from "./object.ts";
import { PatchError } from "./patch.ts";
import { strategicPatch } from "./strategic-patch.ts";

const env = (...names: string[]) => ({
  containers: [{ name: "main", env: names.map((name) => ({ name })) }],
});
const types = (...names: string[]) => ({ conditions: names.map((type) => ({ type })) });
const order = "$setElementOrder/containers";

describe("A strategic merge patch", () => {
  const rows: [string, string, Fields, Fields, Fields][] = [
    ["merges a keyed list by its key", "V1PodSpec", env("A"), env("B"), env("B", "A")],
    [
      "changes the item with the same key",
      "V1NodeStatus",
      { conditions: [{ type: "Ready", status: "True", reason: "r" }] },
      { conditions: [{ type: "Ready", status: "False" }] },
      { conditions: [{ type: "Ready", status: "False", reason: "r" }] },
    ],
    [
      "keeps the order of the items it knows",
      "V1NodeStatus",
      types("A", "B", "C"),
      types("B"),
      types("A", "B", "C"),
    ],
    [
      "deletes an item by its key",
      "V1NodeStatus",
      types("A", "B"),
      { conditions: [{ type: "A", $patch: "delete" }] },
      types("B"),
    ],
    [
      "replaces a keyed list when told to",
      "V1NodeStatus",
      types("A", "B"),
      { conditions: [{ $patch: "replace" }, { type: "C" }] },
      types("C"),
    ],
    [
      "replaces a list without a key whole",
      "V1NodeSpec",
      { taints: [{ key: "a" }] },
      { taints: [{ key: "b" }] },
      { taints: [{ key: "b" }] },
    ],
    [
      "adds to a set of scalars",
      "V1ObjectMeta",
      { finalizers: ["a"] },
      { finalizers: ["b", "a"] },
      { finalizers: ["b", "a"] },
    ],
    [
      "takes scalars out of a set",
      "V1ObjectMeta",
      { finalizers: ["a", "b"] },
      { "$deleteFromPrimitiveList/finalizers": ["a"] },
      { finalizers: ["b"] },
    ],
    [
      "removes a key that is null",
      "V1ObjectMeta",
      { labels: { a: "1" } },
      { labels: { a: null } },
      { labels: {} },
    ],
    [
      "replaces a map when told to",
      "V1ObjectMeta",
      { labels: { a: "1" } },
      { labels: { $patch: "replace", b: "2" } },
      { labels: { b: "2" } },
    ],
    [
      "empties a map when told to",
      "V1ObjectMeta",
      { labels: { a: "1" } },
      { labels: { $patch: "delete" } },
      { labels: {} },
    ],
    [
      "keeps only the keys it is told to retain",
      "V1DeploymentSpec",
      { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } },
      { strategy: { $retainKeys: ["type"], type: "Recreate" } },
      { strategy: { type: "Recreate" } },
    ],
    [
      "puts a list into the order it is told",
      "V1PodSpec",
      { containers: [{ name: "a" }, { name: "b" }] },
      { [order]: [{ name: "b" }, { name: "a" }] },
      { containers: [{ name: "b" }, { name: "a" }] },
    ],
    [
      "replaces the selector of a budget whole",
      "V1PodDisruptionBudgetSpec",
      { selector: { matchLabels: { a: "1" } } },
      { selector: { matchLabels: { b: "2" } } },
      { selector: { matchLabels: { b: "2" } } },
    ],
  ];
  for (const [what, type, target, patch, merged] of rows) {
    it(what, () => assert.deepEqual(strategicPatch(type, target, patch), merged));
  }

  it("refuses an item without the key of its list", () => {
    assert.throws(() => strategicPatch("V1NodeStatus", {}, { conditions: [{ status: "True" }] }), PatchError);
  });
});
