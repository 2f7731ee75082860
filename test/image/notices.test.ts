import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build, type Metafile } from "esbuild";
import { bundleOptions } from "../../manifests/image/bundle.ts";
import { noticesOf } from "../../manifests/image/notices.ts";
import { root } from "../../manifests/image/root.ts";

/** Of a file, by the nearest package.json that has a name. */
function packageOf(file: string): { folder: string; name: string; version: string } {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, "utf8"));
    if (name !== undefined && version !== undefined) return { folder, name, version };
  }
}

describe("The licences of what is in the bundles", () => {
  let bundles: Metafile[];
  before(async function () {
    this.timeout(20_000);
    bundles = [(await build({ ...bundleOptions, write: false, logLevel: "error" })).metafile];
  });

  it("are there for each package of which something is in it, with their text, and for no other", () => {
    const notices = noticesOf(bundles, root);
    const inputs = bundles
      .flatMap(({ outputs }) => Object.values(outputs))
      .flatMap((output) => Object.entries(output.inputs));
    const packages = new Map(
      inputs
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([file]) => packageOf(join(root, file)))
        .filter(({ name }) => name !== "rebootd")
        .map((one) => [`${one.name} ${one.version}`, one]),
    );
    assert.ok(packages.size > 30, `there are only ${packages.size}`);
    const sections = new Map(
      notices
        .split(/^==== /m)
        .slice(1)
        .map((section) => [/^\S+ \S+/.exec(section)?.[0] ?? "", section]),
    );
    assert.deepEqual([...sections.keys()].sort(), [...packages.keys()].sort());
    for (const [title, { folder }] of packages) {
      const file = readdirSync(folder).find((name) => /^(un)?licen[cs]e/i.test(name)) ?? assert.fail(title);
      assert.ok(sections.get(title)?.includes(readFileSync(join(folder, file), "utf8").trim()), title);
    }
  });

  it("are missed where a package comes without one: then nothing is built", () => {
    const folder = mkdtempSync(join(tmpdir(), "rebootd-notices-"));
    try {
      const bare = join(folder, "node_modules/@a/bare");
      mkdirSync(bare, { recursive: true });
      writeFileSync(join(bare, "package.json"), '{"name":"@a/bare","version":"1.0.0","license":"MIT"}');
      writeFileSync(join(bare, "index.js"), "console.log(1)");
      const output = (bytesInOutput: number) => ({
        outputs: {
          "x.mjs": {
            bytes: 1,
            imports: [],
            exports: [],
            inputs: { "node_modules/@a/bare/index.js": { bytesInOutput } },
          },
        },
      });
      assert.throws(
        () => noticesOf([output(1)], folder),
        /node_modules\/@a\/bare is in the bundle, and has no file/,
      );
      assert.doesNotMatch(noticesOf([output(0)], folder), /bare/);
      writeFileSync(join(bare, "LICENSE.md"), "You may.\n");
      writeFileSync(join(bare, "NOTICE"), "By somebody.\n");
      assert.match(
        noticesOf([output(1)], folder),
        /^==== @a\/bare 1\.0\.0 \(MIT\) ====\n\nYou may\.\n\nBy somebody\.\n$/m,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("The image", () => {
  it("is given the licences of the bundle, of Node and of each of Debian's packages that it has a file of", () => {
    const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8");
    const [, parts = ""] = dockerfile.split(/^FROM .* AS parts$/m);
    for (const file of [
      "usr/local/LICENSE",
      ...["libc6", "gcc-*-base", "libselinux1", "libpcre2-8-0", "util-linux"].map(
        (name) => `usr/share/doc/${name}/copyright`,
      ),
    ]) {
      assert.ok(parts.includes(` ${file} `), file);
    }
    assert.match(dockerfile, /^COPY --from=build --chmod=0444 .*\/src\/dist\/THIRD-PARTY-NOTICES\.txt \/$/m);
  });
});
