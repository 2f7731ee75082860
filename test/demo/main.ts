import { parseOptions } from "./options.ts";
import { runDemo } from "./run.ts";
import { createScreen } from "./screen.ts";

const parsed = parseOptions(process.argv.slice(2));
if ("text" in parsed) {
  (parsed.exitCode === 0 ? process.stdout : process.stderr).write(parsed.text);
  process.exit(parsed.exitCode);
}

const stop = new AbortController();
let exitCode = 1;
const numbers = { SIGINT: 2, SIGTERM: 15 } as const;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // Asked twice, it does not wait for anybody; what it started is killed on the way out.
    if (stop.signal.aborted) process.exit(128 + numbers[name]);
    exitCode = 128 + numbers[name];
    stop.abort(new Error(`ended by ${name}`));
  });
}

try {
  const held = await runDemo(parsed.options, createScreen(process.stdout), stop.signal);
  exitCode = held ? 0 : 1;
} catch (error) {
  if (!stop.signal.aborted) process.stderr.write(`error: ${(error as Error).message}\n`);
}
process.exit(exitCode);
