import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { jsonPatch, mergePatch, type Operation, PatchError } from "./patch.ts";

describe("A merge patch", () => {
  const rows: [string, unknown, unknown, unknown][] = [
    ["sets a key and leaves the others", { a: 1, b: 2 }, { a: 3 }, { a: 3, b: 2 }],
    ["removes a key that is null", { a: 1, b: 2 }, { a: null }, { b: 2 }],
    ["merges maps in depth", { a: { b: 1, c: 2 } }, { a: { b: 3 } }, { a: { b: 3, c: 2 } }],
    ["replaces lists whole", { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ["makes a map where there was none", {}, { a: { b: 1 } }, { a: { b: 1 } }],
    ["leaves no null in a map it makes", {}, { a: { b: null } }, { a: {} }],
    ["puts a map in place of a scalar", { a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
  ];
  for (const [what, target, patch, merged] of rows) {
    it(what, () => assert.deepEqual(mergePatch(target, patch), merged));
  }

  it("leaves the given document as it was", () => {
    const target = { a: { b: 1 } };
    mergePatch(target, { a: { b: 2 } });
    assert.deepEqual(target, { a: { b: 1 } });
  });
});

describe("A JSON patch", () => {
  const rows: [string, unknown, Operation[], unknown][] = [
    ["adds a key", {}, [{ op: "add", path: "/a", value: 1 }], { a: 1 }],
    ["adds into a list", { a: [1, 3] }, [{ op: "add", path: "/a/1", value: 2 }], { a: [1, 2, 3] }],
    ["adds to the end of a list", { a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
    ["replaces", { a: 1 }, [{ op: "replace", path: "/a", value: 2 }], { a: 2 }],
    ["removes from a list", { a: [1, 2] }, [{ op: "remove", path: "/a/0" }], { a: [2] }],
    ["moves", { a: 1 }, [{ op: "move", from: "/a", path: "/b" }], { b: 1 }],
    ["copies", { a: 1 }, [{ op: "copy", from: "/a", path: "/b" }], { a: 1, b: 1 }],
    [
      "reads ~1 as / and ~0 as ~",
      { "a/b~c": 1 },
      [{ op: "replace", path: "/a~1b~0c", value: 2 }],
      { "a/b~c": 2 },
    ],
    ["goes on after a test that holds", { a: 1 }, [{ op: "test", path: "/a", value: 1 }], { a: 1 }],
  ];
  for (const [what, document, operations, patched] of rows) {
    it(what, () => assert.deepEqual(jsonPatch(document, operations), patched));
  }

  const refused: [string, unknown, Operation][] = [
    ["a test that does not hold", { a: 1 }, { op: "test", path: "/a", value: 2 }],
    ["removing what is not there", {}, { op: "remove", path: "/a" }],
    ["replacing what is not there", {}, { op: "replace", path: "/a", value: 1 }],
    ["adding below what is not there", {}, { op: "add", path: "/a/b", value: 1 }],
    ["an index beyond the end", { a: [] }, { op: "add", path: "/a/1", value: 1 }],
    ["an operation that does not exist", {}, { op: "swap", path: "/a" }],
  ];
  for (const [what, document, operation] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => jsonPatch(document, [operation]), PatchError));
  }
});
