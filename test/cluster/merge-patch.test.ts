import assert from "node:assert/strict";
import { merged } from "../../daemon/cluster/merge-patch.ts";
import { everyRow } from "../rows.ts";

describe("A merge patch", () => {
  const rows: readonly (readonly [string, document: unknown, patch: unknown, after: unknown])[] = [
    ["the fields that it names change", { a: { b: 1, c: 2 } }, { a: { b: 3 } }, { a: { b: 3, c: 2 } }],
    ["a field that is null goes", { a: 1, b: 2 }, { a: null }, { b: 2 }],
    ["objects that are missing are made", {}, { a: { b: 1, c: null } }, { a: { b: 1 } }],
    ["an object is made of null", { a: null }, { a: { b: 1 } }, { a: { b: 1 } }],
    ["a list is replaced as a whole", { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ["null stays where nothing is named", { a: null, b: 1 }, { b: 2 }, { a: null, b: 2 }],
    ["undefined is nothing", { a: 1 }, { a: undefined }, { a: 1 }],
  ];

  it("changes what it names, and nothing else", () =>
    everyRow(rows, (document, patch, after) => assert.deepEqual(merged(document, patch), after)));

  it("does not touch the prototype", () => {
    const after = merged({}, JSON.parse('{"__proto__":{"bad":1}}')) as { bad?: number };
    assert.equal(after.bad, undefined);
  });
});
