import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../manifests/image/root.ts";
import { checkVersions, placesOfVersions, type VersionedFiles } from "../../manifests/release/versions.ts";
import { everyRow } from "../rows.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const { version } = JSON.parse(read("package.json"));
const files: VersionedFiles = {
  packageLock: read("package-lock.json"),
  dockerfile: read("Dockerfile"),
  daemonSet: read("manifests/base/daemonset.yaml"),
  chart: read("manifests/chart/Chart.yaml"),
};
const swap = (file: keyof VersionedFiles, from: string, to: string): VersionedFiles => {
  const text = files[file]?.replace(from, to);
  assert.notEqual(text, files[file], `${file} has ${from}`);
  return { ...files, [file]: text };
};
const wrong = (place: string, found = "9.9.9") => `${place} has the version ${found}, expected ${version}`;

describe("The version", () => {
  it("stands in all places as in package.json", () => {
    assert.equal(placesOfVersions(files).length, 8);
    assert.deepEqual(checkVersions(version, files), []);
  });

  it("is missed wherever one place has another one, or none", () =>
    everyRow(
      [
        [
          "the lock file",
          swap("packageLock", `"version": "${version}"`, '"version": "9.9.9"'),
          [wrong("package-lock.json, version")],
        ],
        [
          "the lock file's root package",
          swap("packageLock", `"name": "rebootd",\n      "version": "${version}",`, '"name": "rebootd",'),
          [wrong('package-lock.json, packages[""].version', "(none)")],
        ],
        [
          "the image",
          swap("dockerfile", `VERSION=${version}`, "VERSION=9.9.9"),
          [wrong("Dockerfile, ARG VERSION")],
        ],
        [
          "the DaemonSet's image",
          swap("daemonSet", `image: rebootd:${version}`, "image: registry:5000/rebootd"),
          [wrong("manifests/base/daemonset.yaml, image", "(none)")],
        ],
        [
          "the DaemonSet's label",
          swap("daemonSet", `/version: ${version}`, "/version: 9.9.9"),
          [wrong("manifests/base/daemonset.yaml, label app.kubernetes.io/version")],
        ],
        [
          "the chart",
          swap("chart", `\nversion: ${version}`, "\nversion: 9.9.9"),
          [wrong("manifests/chart/Chart.yaml, version")],
        ],
        [
          "the chart's program",
          swap("chart", `appVersion: ${version}`, "appVersion: 9.9.9"),
          [wrong("manifests/chart/Chart.yaml, appVersion")],
        ],
        [
          "the chart's list of images",
          swap("chart", `image: rebootd:${version}`, "image: rebootd:9.9.9"),
          [wrong("manifests/chart/Chart.yaml, artifacthub.io/images")],
        ],
      ] as [string, VersionedFiles, string[]][],
      (planted, faults) =>
        assert.deepEqual(
          checkVersions(version, planted).map(({ fault }) => fault),
          faults,
        ),
    ));

  it("is a semantic version that an image's tag can have", () =>
    everyRow(
      [
        ["a release", "1.2.3", true],
        ["a preview", "1.2.3-rc.1", true],
        ["two numbers", "1.2", false],
        ["a leading zero", "1.02.3", false],
        ["build metadata", "1.2.3+4", false],
        ["a tag", "v1.2.3", false],
      ] as [string, string, boolean][],
      (text, isOne) =>
        assert.equal(
          checkVersions(text, files).some(({ fault }) => fault.includes("no semantic version")),
          !isOne,
        ),
    ));
});
