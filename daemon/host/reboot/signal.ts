import { readFile } from "node:fs/promises";
import { type RebootMethod, RebootRefused } from "./rebooter.ts";

export type Kill = (pid: number, signal: number) => void;

/** Signals from this number on are commands for systemd only; SIGRTMIN is 34 with glibc. */
const realTimeMin = 34;

/**
 * Sends the number to process 1, which must be the host's (hostPID). systemd reboots at SIGRTMIN+5, 39 with
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
    async reboot() {
      try {
        kill(1, number);
      } catch (cause) {
        throw new RebootRefused(`sending signal ${number} to process 1: ${(cause as Error).message}`, {
          cause,
        });
      }
    },
  };
}
