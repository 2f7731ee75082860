import { shortEnds } from "../../text/one-line.ts";
import { DeadlineError } from "../../time/deadline.ts";
import type { Argv, Exec } from "../exec.ts";
import { type RebootKind, type RebootMethod, RebootRefused } from "./rebooter.ts";

/** A reboot command only queues the reboot; a longer runtime means that it hangs. */
const deadlineMs = 60_000;

const checkDeadlineMs = 10_000;
const saidMaxChars = 1000;

/** The commands for kinds that are no full reboot: https://www.freedesktop.org/software/systemd/man/latest/systemctl.html */
const commandsByKind: Readonly<Record<Exclude<RebootKind, "full">, Argv>> = {
  soft: ["/bin/systemctl", "soft-reboot"],
  kexec: ["/bin/systemctl", "kexec"],
};

/**
 * `command`: of a full reboot; the other kinds are systemd's. `onHost` makes a command run on the host, if that is
 * configured.
 */
export function commandRebooter(command: Argv, onHost: (argv: Argv) => Argv, exec: Exec): RebootMethod {
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
    async reboot(signal, kind = "full") {
      const argv = onHost(kind === "full" ? command : commandsByKind[kind]);
      const what = `reboot command ${argv.join(" ")}`;
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
