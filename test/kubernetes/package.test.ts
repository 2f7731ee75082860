import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

type Versions = Record<string, string>;
interface Manifest {
  dependencies?: Versions;
  devDependencies?: Versions;
  peerDependencies?: Versions;
}

const folder = fileURLToPath(new URL(".", import.meta.url));
const manifestIn = (path: string): Manifest =>
  JSON.parse(readFileSync(join(folder, path, "package.json"), "utf8"));
const own = manifestIn(".");
const root = manifestIn("../..");

/** Names of the packages that the sources import; a test's `mocha` comes with its types. */
function importedPackages(): string[] {
  const names = globSync("**/*.ts", { cwd: folder }).flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/^(?:import|export|\}) .*?from "([^".][^"]*)";$/gm)].map(
      ([, name = ""]) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name,
    );
  });
  return [...new Set(names)].filter((name) => !isBuiltin(name) && name !== "mocha").sort();
}

describe("The package of the simulated cluster", () => {
  it("names every package that its sources import, and no other", () => {
    const named = { ...own.devDependencies, ...own.peerDependencies };
    // @bufbuild/cel has it as a peer.
    const imported = [...importedPackages(), "@bufbuild/protobuf"].sort();
    assert.deepEqual(Object.keys(named).sort(), imported);
  });

  it("shares with rebootd only what rebootd brings, in the same version", () => {
    for (const [name, version] of Object.entries(own.peerDependencies ?? {})) {
      assert.equal(root.dependencies?.[name], version, name);
    }
  });

  it("adds nothing to what is installed to run, so nothing to the list of the image's parts", () => {
    assert.equal(own.dependencies, undefined);
    const shared = Object.keys(own.devDependencies ?? {}).filter((name) => root.dependencies?.[name]);
    assert.deepEqual(shared, []);
  });
});
