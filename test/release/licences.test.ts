import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleOptions } from "../../manifests/image/bundle.ts";
import { noticesOf } from "../../manifests/image/notices.ts";
import { root } from "../../manifests/image/root.ts";
import { packagesIn } from "../../manifests/release/bundled-packages.ts";
import { checkLicences, readNotices } from "../../manifests/release/licences.ts";
import { everyRow } from "../rows.ts";

const mit = readFileSync(join(root, "node_modules/ws/LICENSE"), "utf8");
const section = (licence: string, text = mit, title = "a 1.0.0") =>
  `==== ${title} (${licence}) ====\n\n${text}\n`;
const bundled = [{ name: "a", version: "1.0.0" }];

describe("The licences of the bundled packages", () => {
  it("are all allowed, and each has its text", async function () {
    this.timeout(30_000);
    const { metafile } = await build({ ...bundleOptions, write: false, logLevel: "error" });
    const packages = packagesIn(metafile);
    assert.ok(packages.length > 30);
    assert.deepEqual(checkLicences(readNotices(noticesOf([metafile], root)), packages), []);
  });

  it("are refused where one is unknown, has another text, or belongs to another list of packages", () =>
    everyRow(
      [
        ["allowed", section("MIT"), []],
        ["a choice", section("(GPL-3.0-only OR MIT)"), []],
        ["both", section("MIT AND (MIT-0 OR GPL-3.0-only)"), []],
        ["unknown", section("Custom"), [/a 1\.0\.0 has the licence Custom, which is not on the list/]],
        ["a word of every object", section("toString"), [/has the licence toString/]],
        ["copyleft", section("GPL-3.0-only"), [/has the licence GPL-3\.0-only/]],
        ["one of two", section("MIT AND GPL-3.0-only"), [/has the licence MIT AND GPL-3\.0-only/]],
        ["none", section("undefined"), [/has the licence undefined/]],
        ["an empty one", section(""), [/has the licence \(none\)/]],
        [
          "another text",
          section("MIT", "You may."),
          [/names the licence MIT, and its text is that of another/],
        ],
        ["another choice's text", section("Apache-2.0"), [/names the licence Apache-2\.0/]],
        ["none of the package", "", [/lacks a 1\.0\.0/]],
        ["one too many", section("MIT") + section("MIT", mit, "b 2.0.0"), [/has b 2\.0\.0, which is not/]],
        ["another version", section("MIT", mit, "a 1.0.1"), [/has a 1\.0\.1/, /lacks a 1\.0\.0/]],
      ] as [string, string, RegExp[]][],
      (text, patterns) => {
        const faults = checkLicences(readNotices(`An introduction.\n${text}`), bundled);
        assert.equal(faults.length, patterns.length, JSON.stringify(faults));
        for (const [index, pattern] of patterns.entries()) assert.match(faults[index]?.fault ?? "", pattern);
      },
    ));
});
