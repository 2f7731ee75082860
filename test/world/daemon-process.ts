import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";
import { imageEnvironment } from "./image.ts";

export interface DaemonProcess {
  /** The program; by default the node of this process. */
  command?: string;
  /** Arguments of node: the script and what it is given. */
  args: readonly string[];
  /** Both its outputs are added to this file. */
  logFile: string;
  /** Variables beside those of every daemon. */
  environment?: Readonly<Record<string, string>>;
}

/** Whatever ends this process ends its daemons too; a daemon without its cluster is of no use to anybody. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** What node compiles is kept there, if this process has been told so; benches are not, as it shortens each start. */
const compileCache = process.env["NODE_COMPILE_CACHE"];

/** A real process under the same node as this one, with next to nothing in its environment but what the image has. */
export function startDaemonProcess({
  command = process.execPath,
  args,
  logFile,
  environment = {},
}: DaemonProcess): DaemonHandle & { pid: number | undefined } {
  const log = openSync(logFile, "a");
  const child = spawn(command, args, {
    stdio: ["ignore", log, log],
    env: {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      ...imageEnvironment,
      ...(compileCache !== undefined && { NODE_COMPILE_CACHE: compileCache }),
      ...environment,
    },
  });
  closeSync(log);
  running.add(child);
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once("error", (error) => resolve(error.message));
  });
  void exited.then(() => running.delete(child));
  return { pid: child.pid, kill: (signal) => void child.kill(signal), exited };
}
