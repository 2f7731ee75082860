/** A release as docs/develop/release.md says, of the files that there are. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../manifests/release/sums.ts";
import { checkRelease, type MadeRelease, makeReleaseOnce, releaseDeadlineMs } from "./release-run.ts";

describe("A release", () => {
  let release: MadeRelease;
  before(async function () {
    this.timeout(releaseDeadlineMs);
    release = await makeReleaseOnce();
  });
  const read = (name: string) => readFileSync(join(release.folder, name));
  const readJson = (name: string) => JSON.parse(read(name).toString("utf8"));

  it("passes each check", () => {
    const lines = release.said.split("\n").filter((line) => line !== "");
    const checks = lines.slice(0, -1).map((line) => line.replace(/^(\S+ +\S+) .*$/, "$1").replace(/ +/, " "));
    assert.deepEqual(
      checks,
      [
        "commit",
        "versions",
        "changelog",
        "node",
        "dependencies",
        "package",
        "licences",
        "sbom",
        "krew",
        "schema",
        "chart",
        "image",
      ].map((check) => `${check} ok`),
    );
    assert.equal(lines.at(-1), "8 files, SHA256SUMS and release.json are in dist/release");
  });

  it("has each file in its list, with the checksum", () => {
    const { version, folder } = release;
    const names = [
      "-changes.md",
      "-image.tar",
      "-krew.yaml",
      "-notices.txt",
      ".cdx.json",
      ".schema.json",
      ".tgz",
    ];
    const all = [...names.map((end) => `rebootd-${version}${end}`), `rebootd-chart-${version}.tgz`];
    assert.deepEqual(readdirSync(folder).sort(), [...all, "SHA256SUMS", "release.json"].sort());
    execFileSync("sha256sum", ["--check", "--strict", "--quiet", "SHA256SUMS"], { cwd: folder });
    const listed = readJson("release.json").files as { name: string; sha256: string }[];
    assert.deepEqual(listed.map(({ name }) => name).sort(), all.sort());
    for (const file of listed) assert.equal(file.sha256, sha256(read(file.name)), file.name);
  });

  it("has the package in krew's manifest by its checksum", () => {
    const { version } = release;
    const krew = read(`rebootd-${version}-krew.yaml`).toString("utf8");
    assert.ok(krew.includes(`sha256: ${sha256(read(`rebootd-${version}.tgz`))}`), krew);
    assert.ok(krew.includes(`uri: https://releases.example/v1/rebootd-${version}.tgz`), krew);
  });

  it("names the commit, and the digests of the image for both machines, as a registry would have them", () => {
    const { version, folder, tree } = release;
    const facts = readJson("release.json");
    assert.equal(
      facts.revision,
      execFileSync("git", ["rev-parse", "HEAD"], { cwd: tree, encoding: "utf8" }).trim(),
    );
    assert.deepEqual(
      [facts.version, facts.rehearsal, facts.image.base],
      [version, false, "localhost/node:test"],
    );
    const inArchive = (path: string) =>
      execFileSync("tar", ["-xOf", join(folder, `rebootd-${version}-image.tar`), path], { encoding: "utf8" });
    const [index] = JSON.parse(inArchive("./index.json")).manifests;
    assert.equal(index.digest, facts.image.digest);
    const blob = inArchive(`./blobs/${index.digest.replace(":", "/")}`);
    assert.equal(`sha256:${sha256(Buffer.from(blob))}`, index.digest);
    const manifests = JSON.parse(blob).manifests as { digest: string; platform: { architecture: string } }[];
    assert.deepEqual(
      Object.fromEntries(manifests.map(({ digest, platform }) => [platform.architecture, digest])),
      facts.image.machines,
    );
    assert.deepEqual(Object.keys(facts.image.machines).sort(), ["amd64", "arm64"]);
  });

  it("is refused with its faults, and nothing is written", async function () {
    this.timeout(releaseDeadlineMs);
    const { tree, environment, version } = release;
    const dockerfile = join(tree, "Dockerfile");
    const changelog = join(tree, "CHANGELOG.md");
    const before = [readFileSync(dockerfile, "utf8"), readFileSync(changelog, "utf8")] as const;
    const kept = join(tree, "..", "kept");
    execFileSync("mv", [release.folder, kept]);
    try {
      writeFileSync(dockerfile, before[0].replace(`ARG VERSION=${version}`, "ARG VERSION=9.9.9"));
      writeFileSync(changelog, before[1].replace(/^## \[/m, "## [Unreleased]\n\n## ["));
      rmSync(join(tree, "node_modules/axe-core"), { recursive: true });
      execFileSync("git", ["tag", "v0.0.1"], { cwd: tree });
      const { code, said } = await checkRelease(tree, environment, ["--without-image"]);
      assert.equal(code, 1, said);
      for (const line of [
        /^commit +failed +2 files differ from the commit: CHANGELOG\.md, Dockerfile\n +remedy: /m,
        /^commit +failed +the commit is tagged v0\.0\.1 too/m,
        /^versions +failed +Dockerfile, ARG VERSION has the version 9\.9\.9, expected /m,
        /^changelog +failed +CHANGELOG\.md has no entries under "\[Unreleased\]"/m,
        /^dependencies failed +npm ls --all failed: [\s\S]*missing: axe-core@[\s\S]*\n +remedy: run npm ci$/m,
        /^sbom +failed +npm sbom/m,
        /^image +left out --without-image/m,
        /^5 of 12 checks failed; nothing was written$/m,
      ])
        assert.match(said, line);
      assert.ok(!existsSync(release.folder));
    } finally {
      execFileSync("mv", [kept, release.folder]);
    }
  });
});
