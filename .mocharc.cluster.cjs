/**
 * The simulated cluster, and real daemons on it. With TEST_KUBECONFIG=FILE the suite runs against that API server instead,
 * without the parts that are about the simulation alone; test/kubernetes/suite.ts says at the end which those are.
 */
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { simulatedOnly } = require("./test/kubernetes/suite.json");

// What one daemon leaves compiled when it ends, the many that are started after it in this run need not compile again.
if (process.env.NODE_COMPILE_CACHE === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "rebootd-compiled-"));
  process.env.NODE_COMPILE_CACHE = folder;
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}

module.exports = {
  extension: ["ts"],
  spec: ["kubernetes", "cluster", "world", "e2e"].map((folder) => `test/${folder}/**/*.test.ts`),
  ...(process.env.TEST_KUBECONFIG && {
    ignore: simulatedOnly.map(({ files }) => files),
    require: ["./test/kubernetes/suite.ts"],
  }),
  // They mostly wait. Those of another API server would be in each other's way.
  ...(process.env.TEST_KUBECONFIG === undefined && { parallel: true, jobs: 2 }),
  timeout: 60000,
  slow: 10000,
  "forbid-only": true,
  "forbid-pending": true,
};
