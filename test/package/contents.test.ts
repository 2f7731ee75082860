import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../manifests/image/root.ts";
import { krewManifest, packageManifest } from "../../manifests/package/contents.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

describe("The npm package", () => {
  const packed = packageManifest(manifest);

  it("needs no other package, and may be published", () => {
    assert.deepEqual(Object.keys(packed).sort(), [
      "bin",
      "description",
      "engines",
      "license",
      "name",
      "type",
      "version",
    ]);
  });

  it("has one program by the names of the command, of kubectl's plugin, and of its completion", () => {
    assert.deepEqual(packed.bin, {
      rebootd: "dist/rebootd.mjs",
      "kubectl-rebootd": "dist/rebootd.mjs",
      "kubectl_complete-rebootd": "dist/rebootd.mjs",
    });
  });
});

/** The rules of krew's `validate-krew-manifest` and of its guide for the fields that rebootd uses. */
describe("The manifest for krew", () => {
  const release = {
    version: manifest.version,
    uri: "https://releases.example/rebootd-0.1.0.tgz",
    sha256: "0".repeat(64),
    homepage: "https://rebootd.example",
  };
  const { apiVersion, kind, metadata, spec, ...more } = krewManifest(release);
  const { version, homepage, shortDescription, description, caveats, platforms, ...others } = spec;

  it("is a plugin of the version of krew's format, with a name that is safe", () => {
    assert.equal(apiVersion, "krew.googlecontainertools.github.com/v1alpha2");
    assert.equal(kind, "Plugin");
    assert.match(metadata.name, /^[\w-]+$/);
    assert.deepEqual([more, others], [{}, {}], "krew knows no other fields");
  });

  it("has a version that begins with v, and the texts that krew shows", () => {
    assert.match(version, /^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/);
    assert.ok(shortDescription.length > 0 && shortDescription.length <= 50, shortDescription);
    assert.doesNotMatch(shortDescription, /[\r\n]|\.$/);
    assert.ok(description.length > 0 && caveats.includes("Node.js 24"));
    assert.equal(homepage, release.homepage);
  });

  it("has platforms by os and arch alone, each with an archive, its checksum, and files", () => {
    assert.ok(platforms.length > 0);
    for (const { selector, uri, sha256, files, bin, ...rest } of platforms) {
      assert.deepEqual(rest, {});
      assert.equal(uri, release.uri);
      assert.match(sha256, /^[a-f0-9]{64}$/);
      assert.ok(selector.matchExpressions.length > 0);
      for (const { key, operator, values } of selector.matchExpressions) {
        assert.ok(["os", "arch"].includes(key));
        assert.deepEqual([operator, values.length > 0], ["In", true]);
      }
      assert.ok(files.length > 0);
      for (const { from, to } of files) assert.ok(from !== "" && to !== "");
      assert.equal(`package/${bin}`, `package/${manifest.bin["kubectl-rebootd"]}`);
    }
  });
});
