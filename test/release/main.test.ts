import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../manifests/image/root.ts";
import { checks } from "../../manifests/release/checks.ts";
import { parseOptions, usage } from "../../manifests/release/options.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const optionsIn = (text: string) => [...new Set(text.match(/--[a-z][a-z-]+(?=[\s=`])/g))];

describe("npm run release:check", () => {
  it("refuses an option that there is not, and one without its value", () => {
    assert.throws(() => parseOptions(["--bogus"]), /Unknown option '--bogus'/);
    assert.throws(() => parseOptions(["--helm"]), /--helm/);
    assert.throws(() => parseOptions(["v1.2.3"]), /v1\.2\.3/);
  });

  it("takes its options", () => {
    assert.equal(parseOptions(["--help"]), undefined);
    const { isRehearsal, withImage, nodeImage } =
      parseOptions(["--rehearse", "--node-image="]) ?? assert.fail();
    assert.deepEqual([isRehearsal, withImage, nodeImage], [true, true, undefined]);
    const { buildOptions, helm } =
      parseOptions(["--build-option=--a", "--build-option=--b"]) ?? assert.fail();
    assert.deepEqual([buildOptions, helm], [["--a", "--b"], "helm"]);
  });

  it("has its checks on the page about a release, in their order", () => {
    const [, table = ""] = read("docs/develop/release.md").split("\n## What is checked\n");
    const rows = [...(table.split("\n## ")[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(
      rows,
      checks.map(([name]) => name),
    );
  });

  it("is called by the workflow and by the page with options that it has", () => {
    const known = optionsIn(usage);
    const [, called = ""] =
      /npm run release:check --$([\s\S]*?)\n {6}-/m.exec(read(".github/workflows/release.yml")) ?? [];
    const page =
      read("docs/develop/release.md")
        .match(/npm run release:check -- .*/g)
        ?.join("\n") ?? "";
    assert.equal(optionsIn(called).length, 3);
    for (const option of [...optionsIn(called), ...optionsIn(page)])
      assert.ok(known.includes(option), option);
  });
});
