import { readFile } from "node:fs/promises";
import { type RebootKind, type RebootMethod, RebootRefused } from "./rebooter.ts";

export type Kill = (pid: number, signal: number) => void;

/** Signals from this number on are commands for systemd only; SIGRTMIN is 34 with glibc. */
const realTimeMin = 34;

/**
 * SIGRTMIN+7 and SIGRTMIN+6 with glibc; systemd before 254 ignores the first:
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.html#SIGRTMIN+7
 */
const signalsByKind: Readonly<Record<Exclude<RebootKind, "full">, number>> = { soft: 41, kexec: 40 };

/**
 * Sends the number, or that of another kind, to process 1, which must be the host's (hostPID). systemd reboots at SIGRTMIN+5, 39 with
 * glibc:
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.html#SIGRTMIN+5
 */
export function signalRebooter(number: number, kill: Kill, nameFile = "/proc/1/comm"): RebootMethod {
  return {
    name: "signal",
    async precheck() {
      try {
        kill(1, 0);
      } catch (error) {
        return `process 1 may not be signalled: ${(error as Error).message}`;
      }
      const name = (await readFile(nameFile, "utf8").catch((error: Error) => error.message)).trim();
      if (number < realTimeMin || name === "systemd") return undefined;
      return `process 1 is ${name} and not systemd; a pod needs hostPID`;
    },
    async reboot(_signal, kind = "full") {
      const sent = kind === "full" ? number : signalsByKind[kind];
      try {
        kill(1, sent);
      } catch (cause) {
        throw new RebootRefused(`sending signal ${sent} to process 1: ${(cause as Error).message}`, {
          cause,
        });
      }
    },
  };
}
