import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { DaemonHandle } from "./supervisor.ts";

export interface DaemonProcess {
  /** Arguments of node: the script and what it is given. */
  args: readonly string[];
  /** Both its outputs are added to this file. */
  logFile: string;
}

/** A real process under the same node as this one, with next to nothing in its environment. */
export function startDaemonProcess({ args, logFile }: DaemonProcess): DaemonHandle {
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", log, log],
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
  });
  closeSync(log);
  // Whatever ends this process ends the daemon too; a daemon without its cluster is of no use to anybody.
  const onExit = () => child.kill("SIGKILL");
  process.on("exit", onExit);
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once("error", (error) => resolve(error.message));
  });
  void exited.then(() => process.off("exit", onExit));
  return { kill: (signal) => void child.kill(signal), exited };
}
