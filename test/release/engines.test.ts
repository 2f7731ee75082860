import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleOptions } from "../../manifests/image/bundle.ts";
import { root } from "../../manifests/image/root.ts";
import { krewManifest } from "../../manifests/package/contents.ts";
import { checkEngines, type NodeFiles } from "../../manifests/release/engines.ts";
import { everyRow } from "../rows.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const files: NodeFiles = {
  manifest: JSON.parse(read("package.json")),
  dockerfile: read("Dockerfile"),
  bundleTarget: bundleOptions.target,
  caveats: krewManifest({ version: "", uri: "", sha256: "", homepage: "" }).spec.caveats,
  packageReadme: read("manifests/package/README.md"),
};
const { manifest } = files;
const { devDependencies } = manifest;

describe("The version of Node.js", () => {
  it("is the same everywhere", () => assert.deepEqual(checkEngines(files), []));

  it("is missed wherever one place has another one", () =>
    everyRow(
      [
        [
          "engines",
          { manifest: { ...manifest, engines: { node: ">=22" } } },
          /engines\.node has .* 22, expected 24/,
        ],
        [
          "types",
          { manifest: { ...manifest, devDependencies: { ...devDependencies, "@types/node": "22.0.0" } } },
          /@types\/node has .* 22/,
        ],
        [
          "not pinned",
          { manifest: { ...manifest, devDependencies: { ...devDependencies, node: "^24.1.0" } } },
          /devDependency node \^24\.1\.0/,
        ],
        ["the image", { dockerfile: "ARG NODE_IMAGE=node:22-bookworm-slim" }, /NODE_IMAGE has .* 22/],
        ["the bundle", { bundleTarget: "node22" }, /target has .* 22/],
        ["krew's caveats", { caveats: "Needs Node.js." }, /caveats has .* \(none\)/],
        ["the package's page", { packageReadme: "Node.js 26 or later" }, /README\.md has .* 26/],
      ] as [string, Partial<NodeFiles>, RegExp][],
      (planted, pattern) => {
        const faults = checkEngines({ ...files, ...planted });
        assert.equal(faults.length, 1, JSON.stringify(faults));
        assert.match(faults[0]?.fault ?? "", pattern);
      },
    ));
});
