import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { bareEnvironment, program } from "../world/program.ts";

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs the daemon to its end as a process of its own, killed after half a minute. */
export function runDaemonProcess(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { ...bareEnvironment, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

export interface LogLine {
  time: string;
  level: string;
  node: string;
  phase: string;
  message: string;
  why?: string;
  metricsPort?: number;
}

export async function readLog(file: string): Promise<LogLine[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as LogLine);
}

/** Asks the daemon that wrote this log, the last one if there were several. */
export async function askDaemon(logFile: string, path: string): Promise<string> {
  const port = (await readLog(logFile)).findLast((line) => line.metricsPort !== undefined)?.metricsPort;
  return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}
