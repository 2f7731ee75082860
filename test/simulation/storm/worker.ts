/** Plays one seed after the other, as the parent process asks; with a bug planted, where one is named. */
import { flushCompileCache } from "node:module";
import { mutants } from "./mutants.ts";
import { importPlanted } from "./plant.ts";
import type { Limits } from "./scenario.ts";

export interface Task {
  seed: number;
  limits: Limits;
}

export interface Result {
  seed: number;
  broken: readonly string[];
  looks: number;
}

// Storms break thousands of connections and each makes errors, of which only the messages count. For stacks: --seed N.
Error.stackTraceLimit = 0;

const [name] = process.argv.slice(2);
const mutant = mutants.find((one) => one.name === name);
const { play } = await (mutant === undefined ? import("./play.ts") : importPlanted(mutant));
const { drawScenario } = await import("./draw-scenario.ts");

process.on("message", async ({ seed, limits }: Task) => {
  const { violations, looks } = await play(drawScenario(seed, limits), mutant && 1);
  const broken = violations.map(({ promise, message }) => `${promise}: ${message}`);
  process.send?.({ seed, broken, looks } satisfies Result);
});
// The parent kills this process, which would else do so at its end.
flushCompileCache();
process.send?.("ready");
