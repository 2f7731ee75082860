/**
 * All tests but those of the system, in two lanes that run at the same time: checks and what mostly waits for other processes, and the
 * simulation, which waits for nothing but the processors. One after the other, half of them would stand idle.
 */
import { onStopSignals } from "../kubernetes/stop-signals.ts";
import { runSideBySide } from "./run.ts";

const stop = onStopSignals();
const code = await runSideBySide(
  [
    { name: "npm run test:first", command: ["npm", "run", "--silent", "test:first"] },
    {
      name: "npm run test:simulation",
      command: ["npm", "run", "--silent", "test:simulation"],
      isPatient: true,
    },
  ],
  (text) => void process.stdout.write(text),
  stop.signal,
);
process.exitCode = stop.exitCode() ?? code;
