import assert from "node:assert/strict";
import { linesOf } from "../../manifests/release/report.ts";
import { releaseManifest, sha256Sums } from "../../manifests/release/sums.ts";

describe("The report of a release", () => {
  it("has a line for each check that is ok or left out", () => {
    assert.equal(
      linesOf({ check: "versions", faults: [], says: "1.2.3 in 8 places" }),
      "versions     ok       1.2.3 in 8 places\n",
    );
    assert.equal(
      linesOf({ check: "image", faults: [], says: "--without-image", isLeftOut: true }),
      "image        left out --without-image\n",
    );
  });

  it("has a line for each fault, with its remedy", () => {
    const faults = [
      { fault: "one thing is wrong", remedy: "mend it" },
      { fault: "a program said:\nno", remedy: "ask it" },
    ];
    assert.equal(
      linesOf({ check: "chart", faults, says: "" }),
      [
        "chart        failed   one thing is wrong",
        "                      remedy: mend it",
        "chart        failed   a program said:",
        "                      no",
        "                      remedy: ask it",
        "",
      ].join("\n"),
    );
  });
});

describe("The lists of a release's files", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const files = [
    { name: "b", about: "the letters", bytes: Buffer.from("abc") },
    { name: "a", about: "nothing", bytes: Buffer.from("") },
  ];

  it("have each file's checksum, as sha256sum reads it", () =>
    assert.equal(sha256Sums(files), `${empty}  a\n${abc}  b\n`));

  it("name the commit, the programs, and the digests of the images", () => {
    const index = {
      digest: "sha256:1",
      images: [
        { architecture: "amd64", digest: "sha256:2", created: "", config: {}, layerFiles: [] },
        { architecture: "arm64", digest: "sha256:3", created: "", config: {}, layerFiles: [] },
      ],
    };
    const facts = {
      version: "1.2.3",
      revision: "0123",
      atMs: 0,
      isRehearsal: false,
      builtWith: { node: "v24.0.0" },
      image: { base: "node:24@sha256:4", index, nodeVersion: "24.0.0" },
    };
    const manifest = releaseManifest(facts, files);
    assert.deepEqual(
      [manifest.version, manifest.revision, manifest.date],
      ["1.2.3", "0123", "1970-01-01T00:00:00.000Z"],
    );
    const { parts, ...image } = manifest.image ?? assert.fail();
    assert.deepEqual(parts.at(-1), { name: "nsenter", licence: "GPL-2.0-or-later" });
    assert.deepEqual(image, {
      base: "node:24@sha256:4",
      node: "24.0.0",
      digest: "sha256:1",
      machines: { amd64: "sha256:2", arm64: "sha256:3" },
    });
    assert.deepEqual(manifest.files[0], { name: "b", about: "the letters", bytes: 3, sha256: abc });
  });
});
