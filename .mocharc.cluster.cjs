/**
 * The simulated cluster, and real daemons on it. With TEST_KUBECONFIG=FILE the suite runs against that API server instead,
 * without the parts that are about the simulation alone; test/kubernetes/suite.ts says at the end which those are.
 */
const { execFileSync } = require("node:child_process");
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { simulatedOnly } = require("./test/kubernetes/suite.json");

// Daemons and commands are started some hundred times. They are the bundle, as in the image, which starts in a third of the time that
// the sources take; and the first leaves compiled what the others need not compile again.
if (process.env.REBOOTD_PROGRAM === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "rebootd-built-"));
  process.env.NODE_COMPILE_CACHE = folder;
  const outdir = join(folder, "dist");
  process.env.REBOOTD_PROGRAM = join(outdir, "rebootd.mjs");
  const build = join(__dirname, "manifests/image/build.ts");
  execFileSync(process.execPath, [build, "--log-level=error", `--outdir=${outdir}`], { stdio: "inherit" });
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}

module.exports = {
  extension: ["ts"],
  spec: ["kubernetes", "cluster", "world", "e2e"].map((folder) => `test/${folder}/**/*.test.ts`),
  // A run of its own: `npm run test:long`.
  ignore: ["test/e2e/random-kills.test.ts"],
  ...(process.env.TEST_KUBECONFIG && {
    ignore: simulatedOnly.map(({ files }) => files),
    require: ["./test/kubernetes/suite.ts"],
  }),
  // They mostly wait. Those of another API server would be in each other's way.
  ...(process.env.TEST_KUBECONFIG === undefined && { parallel: true, jobs: 4 }),
  timeout: 60000,
  slow: 10000,
  "forbid-only": true,
  "forbid-pending": true,
};
