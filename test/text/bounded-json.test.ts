import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBoundedJson } from "../../daemon/text/bounded-json.ts";
import { everyRow } from "../rows.ts";

const bounds = { maxChars: 262_144 };

describe("Untrusted JSON", () => {
  it("is parsed up to ten levels, with any texts", () => {
    const value = fc
      .jsonValue({ maxDepth: 8 })
      .map((inner) => ({ '["{\\"': inner, texts: ["[[[[[[[[[[[[", '\\"{', "\\"] }));
    fc.assert(
      fc.property(value, (given) => {
        assert.deepEqual(parseBoundedJson(JSON.stringify(given), bounds), JSON.parse(JSON.stringify(given)));
      }),
    );
  });

  const rows: [what: string, text: string, message: RegExp][] = [
    ["is too long", "x".repeat(262_145), /^it has more than 262144 characters$/],
    ["is too deep", "[".repeat(11) + "]".repeat(11), /^it is more than 10 lists and objects deep$/],
    ["is as deep as possible", "[".repeat(262_144), /^it is more than 10 /],
    ["is deep behind a text", `{"a\\"":"\\\\","b":${"[".repeat(11)}`, /^it is more than 10 /],
    ["is not JSON", "{", /^it is not JSON$/],
    ["is all quotes", '"'.repeat(262_143), /^it is not JSON$/],
    ["is all quotes with backslashes", '"\\'.repeat(131_072), /^it is not JSON$/],
    ["is all backslashes", "\\".repeat(262_144), /^it is not JSON$/],
    ["is all pairs of brackets", "[]".repeat(131_072), /^it is not JSON$/],
  ];
  it("is rejected within a second if it is too long, too deep, or not JSON", () =>
    everyRow(rows, (text, message) => {
      const begin = performance.now();
      assert.throws(() => parseBoundedJson(text, bounds), { message });
      assert.ok(performance.now() - begin < 1000);
    }));
});
