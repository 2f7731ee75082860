import assert from "node:assert/strict";
import { faultsOfBase, faultsOfNode } from "../../manifests/release/check-image.ts";
import { checkImageParts } from "../../manifests/release/image-parts.ts";
import { everyRow } from "../rows.ts";

/** As the Dockerfile makes it for amd64. */
const image: Readonly<Record<string, string>> = {
  "rebootd.mjs": "",
  "rebootd/chunk-AAAA.mjs": "",
  LICENSE: "Apache License\n  Version 2.0, January 2004",
  "THIRD-PARTY-NOTICES.txt": "==== ws 8.0.0 (MIT) ====",
  "usr/local/bin/node": "",
  "usr/local/LICENSE": "Node.js is licensed for use as follows:",
  "usr/bin/kured": "",
  "usr/bin/nsenter": "",
  "usr/lib64/ld-linux-x86-64.so.2": "",
  "usr/lib/x86_64-linux-gnu/libc.so.6": "",
  "usr/lib/x86_64-linux-gnu/libm.so.6": "",
  "usr/lib/x86_64-linux-gnu/libdl.so.2": "",
  "usr/lib/x86_64-linux-gnu/libpthread.so.0": "",
  "usr/lib/x86_64-linux-gnu/libgcc_s.so.1": "",
  "usr/lib/x86_64-linux-gnu/libstdc++.so.6": "",
  "usr/lib/x86_64-linux-gnu/libselinux.so.1": "",
  "usr/lib/x86_64-linux-gnu/libpcre2-8.so.0": "",
  "usr/share/doc/libc6/copyright": "the GNU Lesser General Public License",
  "usr/share/doc/gcc-12-base/copyright": "the GCC Runtime Library Exception",
  "usr/share/doc/libselinux1/copyright": "This library is public domain software",
  "usr/share/doc/libpcre2-8-0/copyright": "Redistribution and use in source and binary forms",
  "usr/share/doc/util-linux/copyright": "License: GPL-2+",
  "usr/share/common-licenses/GPL-3": "",
  "usr/share/common-licenses/LGPL-2.1": "",
};
const without = (path: string) => Object.fromEntries(Object.entries(image).filter(([one]) => one !== path));

describe("The parts of the image", () => {
  it("are each known, with a licence; what is not is refused", () =>
    everyRow(
      [
        ["the image", image, []],
        [
          "for arm64",
          {
            ...without("usr/lib64/ld-linux-x86-64.so.2"),
            "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1": "",
          },
          [],
        ],
        [
          "a program more",
          { ...image, "usr/bin/curl": "" },
          ["has /usr/bin/curl, of which no licence is known"],
        ],
        [
          "a library more",
          { ...image, "usr/lib/x86_64-linux-gnu/libssl.so.3": "" },
          ["has /usr/lib/x86_64-linux-gnu/libssl.so.3, of which no licence is known"],
        ],
        ["no nsenter", without("usr/bin/nsenter"), ["has no file of nsenter"]],
        [
          "no text",
          without("usr/share/doc/libc6/copyright"),
          ["has glibc without its licence, LGPL-2.1-or-later"],
        ],
        [
          "another text",
          { ...image, "usr/local/LICENSE": "All rights reserved." },
          [
            "has Node.js with another licence than MIT, and those of the libraries in it in usr/local/LICENSE",
          ],
        ],
        [
          "no notices of the packages",
          without("THIRD-PARTY-NOTICES.txt"),
          ["has the packages in rebootd without its licence, see THIRD-PARTY-NOTICES.txt"],
        ],
      ] as [string, Record<string, string>, string[]][],
      (files, faults) =>
        assert.deepEqual(
          checkImageParts(Object.keys(files), (path) => files[path] ?? "").map(({ fault }) => fault),
          faults.map((fault) => `the image ${fault}`),
        ),
    ));
});

describe("The base image", () => {
  const digest = `sha256:${"0".repeat(64)}`;

  it("has a digest at a release", () =>
    everyRow(
      [
        ["with a digest", `node:24-bookworm-slim@${digest}`, false, 0],
        ["a tag alone", "node:24-bookworm-slim", false, 1],
        ["a digest that is none", "node@sha256:1234", false, 1],
        ["a tag in a rehearsal", "node:24-bookworm-slim", true, 0],
        ["an image of this machine", "localhost/node:test", false, 0],
      ] as [string, string, boolean, number][],
      (base, isRehearsal, count) => assert.equal(faultsOfBase(base, isRehearsal).length, count),
    ));

  it("has the tested Node.js, or a later one of the same major version", () =>
    everyRow(
      [
        ["the same", ["24.9.0", "24.9.0"], 0],
        ["later", ["24.10.0", "24.10.0"], 0],
        ["older for one machine", ["24.9.0", "24.8.1"], 1],
        ["the next major version", ["25.0.0", "25.0.0"], 1],
      ] as [string, string[], number][],
      (inImage, count) =>
        assert.equal(
          faultsOfNode({ engines: { node: ">=24" }, devDependencies: { node: "24.9.0" } }, inImage).length,
          count,
        ),
    ));
});
