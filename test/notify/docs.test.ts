import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { messageKinds } from "../../daemon/notify/message.ts";
import { services } from "../../daemon/notify/services.ts";
import { templateFacts } from "../../daemon/notify/template.ts";

const page = readFileSync(new URL("../../docs/guide/notifications.md", import.meta.url), "utf8");

describe("docs/guide/notifications.md", () => {
  it("has the kinds of messages and the facts of templates", () => {
    for (const [kind, when] of Object.entries(messageKinds)) {
      assert.ok(page.includes(`\n| \`${kind}\` | ${when} |\n`), kind);
    }
    for (const [fact, what] of Object.entries(templateFacts)) {
      assert.ok(page.includes(`\n| \`{${fact}}\` | ${what} |\n`), fact);
    }
  });

  it("has a URL of each service", () => {
    for (const { schemes } of services) {
      assert.ok(
        schemes.some((scheme) => page.includes(`\`${scheme}://`)),
        schemes.join(),
      );
    }
  });
});
