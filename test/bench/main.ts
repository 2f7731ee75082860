/** Measures, and prints each figure beside its budget. */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { anyOf } from "../../daemon/text/list.ts";
import { onStopSignals } from "../kubernetes/stop-signals.ts";
import { benches } from "./benches.ts";
import { type Figure, figureLine } from "./figures.ts";

const command = new Command("npm run bench --")
  .description("Measures, and prints each figure beside its budget; ends with 1 if one is over it.")
  .argument("[NAME...]", `which: ${Object.keys(benches).join(", ")}; all where none is named`)
  .option("--json <FILE>", "write the figures there, too")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const unknown = command.args.find((name) => !(name in benches));
if (unknown !== undefined) {
  const all = Object.keys(benches);
  process.stderr.write(`error: unknown bench "${unknown}": must be ${anyOf(all)}, for example ${all[0]}\n`);
  process.exit(2);
}

onStopSignals().signal.addEventListener("abort", () => process.exit(130));
const figures: Figure[] = [];
for (const name of command.args.length > 0 ? command.args : Object.keys(benches)) {
  for (const bench of benches[name] ?? []) {
    for (const one of await bench()) {
      figures.push(one);
      process.stdout.write(`${figureLine(one)}\n`);
    }
  }
}
const { json } = command.opts<{ json?: string }>();
if (json !== undefined) writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`);
process.exit(figures.every(({ ok }) => ok) ? 0 : 1);
