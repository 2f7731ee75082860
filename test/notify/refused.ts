import assert from "node:assert/strict";
import { parseDestinations } from "../../daemon/notify/destination.ts";

/** Each URL is refused with its rule, and without what is secret in it. */
export function itIsRefused(rows: readonly (readonly [url: string, rule: RegExp])[], secret: RegExp): void {
  for (const [url, rule] of rows) {
    it(`is refused as ${url}, without its secrets`, () => {
      assert.throws(
        () => parseDestinations([url]),
        (error: Error) => {
          assert.match(error.message, rule);
          assert.doesNotMatch(error.message, secret);
          return true;
        },
      );
    });
  }
}
