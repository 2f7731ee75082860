import { DeadlineError } from "../../clock.ts";
import type { Argv, Exec } from "../exec.ts";
import { type Rebooter, RebootRefused } from "./rebooter.ts";

/** A command that asks only queues the reboot; one that takes this long hangs. */
const deadlineMs = 60_000;

export function commandRebooter(argv: Argv, exec: Exec): Rebooter {
  return {
    async reboot(signal) {
      const what = `reboot command ${argv.join(" ")}`;
      let code: number | undefined;
      let output: string;
      try {
        ({ code, output } = await exec(argv, deadlineMs, signal));
      } catch (cause) {
        signal.throwIfAborted();
        // A command that hangs may have been heard.
        if (cause instanceof DeadlineError) throw cause;
        throw new RebootRefused(`${what}: ${(cause as Error).message}`, { cause });
      }
      // systemctl may lose its connection because the machine goes down first: only the boot ID tells.
      if (code !== 0) throw new Error(`${what} ended with ${code ?? "a signal"}: ${output}`);
    },
  };
}
