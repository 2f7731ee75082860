import assert from "node:assert/strict";
import { build, type Metafile } from "esbuild";
import { bundleOptions } from "../../manifests/image/bundle.ts";

/** The text that the daemon loads as it starts, and the modules in it. */
const startMaxBytes = 1.095e6;
const startMaxModules = 510;

describe("The bundle", () => {
  let outputs: Metafile["outputs"];
  let loaded: string[];
  before(async function () {
    this.timeout(30_000);
    ({ outputs } = (await build({ ...bundleOptions, write: false, logLevel: "error" })).metafile);
    loaded = loadedAtStart(outputs);
  });

  const loadedFrom = (folder: string) =>
    loaded
      .flatMap((file) => Object.entries(outputs[file]?.inputs ?? {}))
      .filter(([input, { bytesInOutput }]) => input.startsWith(folder) && bytesInOutput > 0)
      .map(([input]) => input);

  it("has code that only mail and people need in files that are not loaded at the start", () => {
    assert.ok(loadedFrom("daemon/cycle/").length > 20);
    assert.deepEqual(
      [
        "node_modules/nodemailer/",
        "node_modules/yaml/",
        "daemon/config/file/",
        "daemon/ui/",
        "daemon/forecast/",
        "daemon/health/",
        "daemon/hook-jobs/",
        "node_modules/@marcbachmann/",
        "daemon/kured/",
        "node_modules/@kubernetes/",
        "node_modules/js-yaml/",
        "node_modules/undici/",
        "node_modules/socks/",
        "daemon/cluster/do-without.ts",
        "daemon/cluster/exec-credential.ts",
        "daemon/cli/people.ts",
        "daemon/cli/find-place.ts",
      ].flatMap(loadedFrom),
      [],
    );
  });

  it("loads no more text at the start than its budget", () => {
    const bytes = loaded.reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0);
    assert.ok(bytes < startMaxBytes, `${bytes} bytes`);
    const modules = loadedFrom("").length;
    assert.ok(modules <= startMaxModules, `${modules} modules`);
  });

  it("loads what its packages need at the start, and no part of them that it never uses", () => {
    assert.deepEqual(
      ["node_modules/@opentelemetry/", "node_modules/@colors/", "node_modules/readable-stream/"].flatMap(
        loadedFrom,
      ),
      [],
    );
  });

  it("asks Node for its modules without an import, for which Node would read each of their exports", () => {
    const external = Object.values(outputs).flatMap((output) => output.imports.filter((one) => one.external));
    assert.deepEqual(
      external.filter(({ kind }) => kind === "import-statement"),
      [],
    );
  });

  it("has nothing of what bundles the page", () => {
    const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
    assert.deepEqual(
      inputs.filter((input) => input.startsWith("node_modules/esbuild") || input.startsWith("manifests/")),
      [],
    );
  });
});

/** The program, and each file that one of these imports in a statement. */
function loadedAtStart(outputs: Metafile["outputs"]): string[] {
  const found = Object.keys(outputs).filter((file) => file.endsWith("/rebootd.mjs"));
  for (const file of found) {
    const imported = (outputs[file]?.imports ?? []).filter(({ kind }) => kind === "import-statement");
    found.push(
      ...imported.map(({ path }) => path).filter((path) => path in outputs && !found.includes(path)),
    );
  }
  return found;
}
