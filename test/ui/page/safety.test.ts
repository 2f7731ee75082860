import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { readPage } from "../../../daemon/ui/page-files.ts";

const folder = new URL("../../../daemon/ui/page/", import.meta.url);

/** Ways by which a text of the cluster, or of another site, could become code; with offences. */
const forbidden: readonly [name: string, pattern: RegExp, offences: string[]][] = [
  [
    "HTML made of texts",
    /\b(inner|outer)HTML\b|insertAdjacentHTML|createContextualFragment|DOMParser|setHTML/,
    ["a.innerHTML = b", "a.outerHTML += b", 'a.insertAdjacentHTML("x", b)', "new DOMParser()"],
  ],
  ["document.write", /document\s*\.\s*write/, ["document.write(a)", "document.writeln(a)"]],
  [
    "code made of texts",
    /\beval\b|new Function|import\(|set(?:Timeout|Interval)\(\s*["'`]/,
    ["eval(a)", 'new Function("a")', 'setTimeout("a()")', "import(a)"],
  ],
  [
    "inline handlers",
    /[\s"'`.]on[a-z]+\s*=[^=>]|setAttribute\(\s*["'`]on|[\s{,"'`]on(?:click|load|error|focus|key|pointer|mouse|input|change)\w*["'`]?\s*:/,
    ["a.onclick = b", "{ onclick: b }", '<p onclick="b">', 'a.setAttribute("onload", b)'],
  ],
  [
    "inline styles",
    /["'`]style["'`]|[\s{,]style\s*[=:]|cssText|createElement\(\s*["'`]style/,
    ['<p style="b">', 'a.setAttribute("style", b)', "{ style: b }", "a.style.cssText = b"],
  ],
  ["addresses that run code", /javascript:/i, ['<a href="JavaScript:a()">']],
  [
    "other servers",
    /https?:\/\/(?!www\.w3\.org\/)|url\(|@import\s+url/,
    ['fetch("https://example.com/a")', "background: url(a.png)"],
  ],
];

describe("The sources of the page", () => {
  const files = globSync("**/*.{ts,css,html}", { cwd: folder });

  it("make no code or HTML of texts, and ask no other server", () => {
    assert.ok(files.length > 20);
    const found = files.flatMap((file) => {
      const text = readFileSync(new URL(file, folder), "utf8");
      return forbidden.filter(([, pattern]) => pattern.test(text)).map(([name]) => `${file}: ${name}`);
    });
    assert.deepEqual(found, []);
  });

  it("would be refused for each of these", () => {
    for (const [name, pattern, offences] of forbidden)
      for (const offence of offences) assert.match(offence, pattern, name);
  });

  it("are small: script and style sheet together", async () => {
    const { script, style } = await readPage();
    const bytes = Buffer.byteLength(script) + Buffer.byteLength(style);
    assert.ok(bytes < 64_000, `${bytes} bytes`);
  });
});

describe("The attributes of the page's elements", () => {
  const set = new Map<string, string>();
  const target = {
    getAttribute: (name: string) => set.get(name) ?? null,
    setAttribute: (name: string, value: string) => set.set(name, value),
    removeAttribute: (name: string) => set.delete(name),
  };
  let setSafe: (target: object, name: string, value: string | boolean | undefined) => void;
  before(async () => {
    // By its address: types of browsers are not known here.
    ({ setSafe } = await import(new URL("element.ts", folder).href));
  });

  it("run no code and load nothing", () => {
    for (const name of ["onclick", "ONLOAD", "style", "src", "srcset", "srcdoc", "action", "formaction"])
      assert.throws(() => setSafe(target, name, "a"), /is not safe/, name);
  });

  it("link to views of the page and to files beside it alone", () => {
    for (const href of ["#/", "#/node/%3Cb%3E", "calendar"]) setSafe(target, "href", href);
    for (const href of [
      "javascript:alert(1)",
      "https://example.com",
      "//example.com",
      "/",
      "../a",
      "data:,a",
      "",
    ])
      assert.throws(() => setSafe(target, "href", href), /leaves the page/, href);
  });

  it("are set, kept and removed", () => {
    setSafe(target, "title", "a");
    setSafe(target, "hidden", true);
    assert.deepEqual([set.get("title"), set.get("hidden")], ["a", ""]);
    setSafe(target, "title", undefined);
    setSafe(target, "hidden", false);
    assert.deepEqual([set.get("title"), set.get("hidden")], [undefined, undefined]);
  });
});
