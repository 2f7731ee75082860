import { shortEnds } from "../../text/one-line.ts";
import { DeadlineError } from "../../time/deadline.ts";
import type { Argv, Exec } from "../exec.ts";
import { type RebootMethod, RebootRefused } from "./rebooter.ts";

/** A reboot command only queues the reboot; a longer runtime means that it hangs. */
const deadlineMs = 60_000;

const checkDeadlineMs = 10_000;
const saidMaxChars = 1000;

/** `onHost` makes a command run on the host, if that is configured. */
export function commandRebooter(command: Argv, onHost: (argv: Argv) => Argv, exec: Exec): RebootMethod {
  const argv = onHost(command);
  const what = `reboot command ${argv.join(" ")}`;
  return {
    name: "command",
    async precheck(signal) {
      const [program] = command;
      try {
        // The shell of the host searches its PATH, and does not start the program.
        const look = onHost(["/bin/sh", "-c", 'command -v "$0"', program]);
        const { code, output } = await exec(look, checkDeadlineMs, signal);
        return code === 0 ? undefined : shortEnds(output, saidMaxChars) || `there is no program ${program}`;
      } catch (error) {
        signal.throwIfAborted();
        return (error as Error).message;
      }
    },
    async reboot(signal) {
      let code: number | undefined;
      let output: string;
      try {
        ({ code, output } = await exec(argv, deadlineMs, signal));
      } catch (cause) {
        signal.throwIfAborted();
        // The request may have been accepted.
        if (cause instanceof DeadlineError) throw cause;
        throw new RebootRefused(`${what}: ${(cause as Error).message}`, { cause });
      }
      // systemctl may lose its connection because the machine goes down. Only the boot ID is proof.
      if (code !== 0)
        throw new Error(`${what} ended with ${code ?? "a signal"}: ${shortEnds(output, saidMaxChars)}`);
    },
  };
}
