import assert from "node:assert/strict";
import { escapedTo, escapeHtml, escapeMarkdown, escapeSlack, noWidth } from "../../daemon/notify/markup.ts";

describe("A text with markup in it", () => {
  it("is escaped for HTML and for Slack", () => {
    assert.equal(escapeHtml(`<a href="x">&amp;`), "&#60;a href=&#34;x&#34;&#62;&#38;amp;");
    assert.equal(escapeSlack("<!here> & &lt;"), "&lt;!here&gt; &amp; &amp;lt;");
  });

  it("is cut before it is escaped, so that no half of an escape remains", () => {
    assert.equal(escapedTo(100, "a".repeat(100), escapeHtml), "a".repeat(100));
    const cut = escapedTo(100, "<".repeat(100), escapeHtml);
    assert.match(cut, /^(&#60;){15,19}…$/);
    assert.equal(escapedTo(3, "<<<<", escapeHtml), "…");
  });

  const dialect = { escaped: /[*_[\]]/g, parted: /@/g };
  const rows: [name: string, text: string, escaped: string][] = [
    ["marks", "*a* [b](c)", "\\*a\\* \\[b\\](c)"],
    ["mentions", "@all", `@${noWidth}all`],
    ["a web address", "see https://a.example/b_c_d, or b_c", "see https://a.example/b_c_d, or b\\_c"],
    ["a link around a web address", "[a](https://a.example)", "\\[a\\](https://a.example)"],
    ["a heading", "a\n# b", `a\n${noWidth}# b`],
    ["items", "- a\n 2) b\n-1", `${noWidth}- a\n${noWidth} 2) b\n${noWidth}-1`],
    ["code by indentation", "    a", `${noWidth}    a`],
    ["a name", "shop/cart-0: 1 of 3", "shop/cart-0: 1 of 3"],
  ];
  for (const [name, text, escaped] of rows) {
    it(`is escaped for Markdown: ${name}`, () => assert.equal(escapeMarkdown(text, dialect), escaped));
  }
});
