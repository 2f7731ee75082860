import { onStopSignals } from "../kubernetes/stop-signals.ts";
import { parseOptions } from "./options.ts";
import { runDemo } from "./run.ts";
import { createScreen } from "./screen.ts";

const parsed = parseOptions(process.argv.slice(2));
if ("text" in parsed) {
  (parsed.exitCode === 0 ? process.stdout : process.stderr).write(parsed.text);
  process.exit(parsed.exitCode);
}

const stop = onStopSignals();
const screen = createScreen(process.stdout, process.env);
// Also where it does not wait for the end.
process.once("exit", screen.close);
let exitCode = 1;
try {
  const held = await runDemo(parsed.options, screen, stop.signal);
  exitCode = held ? 0 : 1;
} catch (error) {
  exitCode = stop.exitCode() ?? 1;
  screen.close();
  if (!stop.signal.aborted) process.stderr.write(`error: ${(error as Error).message}\n`);
}
process.exit(exitCode);
