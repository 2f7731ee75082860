/**
 * The tests of .mocharc.cluster.cjs, which mostly wait, and those of .mocharc.simulation.cjs, which only calculate, at the same
 * time: one after the other, half of the processors would stand idle. Arguments go to both: `-- --grep "planted bug"`.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { onStopSignals } from "../kubernetes/stop-signals.ts";
import { type Program, runSideBySide } from "./run.ts";

const require = createRequire(import.meta.url);
// Both share it, and so do all processes that they start.
require("../../.mocharc.cluster.cjs");
const mocha = join(require.resolve("mocha/package.json"), "../bin/mocha.js");
const color = process.stdout.isTTY ? ["--color"] : [];
const suite = (name: string): Program => ({
  name: `the tests of .mocharc.${name}.cjs`,
  args: [mocha, "--config", `.mocharc.${name}.cjs`, ...color, ...process.argv.slice(2)],
  isPatient: name === "simulation",
});

const stop = onStopSignals();
const code = await runSideBySide(
  [suite("cluster"), suite("simulation")],
  (text) => void process.stdout.write(text),
  stop.signal,
);
process.exitCode = stop.exitCode() ?? code;
