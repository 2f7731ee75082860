import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { compare } from "./compare.ts";
import { Bindings } from "./placeholders.ts";

const paths = (expected: unknown, actual: unknown, ignore: string[] = []) =>
  compare(expected, actual, new Bindings(), ignore, []).map(({ path }) => path);

describe("The comparison with recorded answers", () => {
  const rows: [string, unknown, unknown, string[]][] = [
    ["finds nothing in equal values", { a: [1, "x"] }, { a: [1, "x"] }, []],
    ["finds a value that differs", { a: 1 }, { a: 2 }, ["a"]],
    ["finds a key that is missing", { a: 1 }, {}, ["a"]],
    ["finds a key too many", {}, { a: 1 }, ["a"]],
    ["finds an item too many", { a: [1] }, { a: [1, 2] }, ["a.1"]],
    ["takes null for absent", {}, { a: null }, []],
    ["tells null from an empty list", { a: [] }, { a: null }, ["a"]],
    ["tells an empty list from null", { a: null }, { a: [] }, ["a"]],
    ["takes null for null", { a: null }, { a: null }, []],
    ["fits placeholders by their form", { a: "<time>" }, { a: "2026-01-01T00:00:00Z" }, []],
    ["finds a text that is not of the form", { a: "<time>" }, { a: "now" }, ["a"]],
    ["holds a placeholder to the value it has met", ["<uid:1>", "<uid:1>"], [uid("a"), uid("b")], ["1"]],
    ["wants a later version for a higher number", ["<rv:1>", "<rv:2>"], ["7", "5"], ["1"]],
    ["takes a list's version that is as new as its objects", ["<rv:1>", "<at:1>"], ["7", "7"], []],
    ["finds a list's version that is older than an object", ["<rv:1>", "<at:1>"], ["7", "6"], ["1"]],
  ];
  for (const [what, expected, actual, found] of rows) {
    it(what, () => assert.deepEqual(paths(expected, actual), found));
  }

  it("passes over what is ignored, at any depth", () => {
    assert.deepEqual(paths({ items: [{ a: { b: 1 } }] }, { items: [{ a: { b: 2 } }] }, ["a.b"]), []);
  });
});

function uid(letter: string): string {
  return `${letter.repeat(8)}-0000-0000-0000-${letter.repeat(12)}`;
}
