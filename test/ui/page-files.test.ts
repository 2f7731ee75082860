import assert from "node:assert/strict";
import { readPage } from "../../daemon/ui/page-files.ts";

describe("The page", () => {
  it("is one document with one script and one style sheet beside it, and names no other server", async () => {
    const { html, script, style } = await readPage();
    const linked = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
    assert.deepEqual(linked.sort(), ["data:,", "page.css", "page.js"]);
    assert.ok(script.length > 0 && style.length > 0);
    for (const text of [html, script, style]) {
      const addresses = text.match(/https?:\/\/[^"'`)\s]+/g) ?? [];
      // Names of XML, which are not asked for.
      assert.deepEqual(
        addresses.filter((one) => !one.startsWith("http://www.w3.org/")),
        [],
      );
    }
  });

  it("has no script or style in its document, which its policy forbids", async () => {
    const { html } = await readPage();
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:/i);
  });
});
