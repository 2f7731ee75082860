import { type Rebooter, RebootRefused } from "./rebooter.ts";

type Kill = (pid: number, signal: number) => void;

/**
 * Sends the number to process 1, which must be the host's (hostPID). systemd reboots at SIGRTMIN+5, 39 with glibc:
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.html#SIGRTMIN+5
 */
export function signalRebooter(number: number, kill: Kill): Rebooter {
  return {
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
