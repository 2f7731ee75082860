import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBoundedJson } from "../../daemon/text/bounded-json.ts";

const bounds = { maxChars: 262_144 };

describe("JSON that anybody may have written", () => {
  it("is read as JSON is, up to ten deep, whatever stands in its texts", () => {
    const value = fc
      .jsonValue({ maxDepth: 8 })
      .map((inner) => ({ '["{\\"': inner, texts: ["[[[[[[[[[[[[", '\\"{', "\\"] }));
    fc.assert(
      fc.property(value, (given) => {
        assert.deepEqual(parseBoundedJson(JSON.stringify(given), bounds), JSON.parse(JSON.stringify(given)));
      }),
    );
  });

  const rows: [what: string, text: string, says: RegExp][] = [
    ["is too long", "x".repeat(262_145), /^it has more than 262144 characters$/],
    ["is too deep", "[".repeat(11) + "]".repeat(11), /^it is more than 10 lists and objects deep$/],
    ["is as deep as fits", "[".repeat(262_144), /^it is more than 10 /],
    ["is deep behind a text", `{"a\\"":"\\\\","b":${"[".repeat(11)}`, /^it is more than 10 /],
    ["is none", "{", /^it is not JSON$/],
    ["is all quotes", '"'.repeat(262_143), /^it is not JSON$/],
    ["is all quotes with backslashes", '"\\'.repeat(131_072), /^it is not JSON$/],
    ["is all backslashes", "\\".repeat(262_144), /^it is not JSON$/],
    ["is all pairs of brackets", "[]".repeat(131_072), /^it is not JSON$/],
  ];
  for (const [what, text, says] of rows) {
    it(`is refused in a moment where it ${what}`, () => {
      const begin = performance.now();
      assert.throws(() => parseBoundedJson(text, bounds), says && { message: says });
      assert.ok(performance.now() - begin < 1000);
    });
  }
});
