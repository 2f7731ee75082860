import { spawn } from "node:child_process";
import { kill } from "node:process";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";

export type Argv = readonly [string, ...string[]];

export interface ExecResult {
  /** Undefined if a signal ended the command. */
  code: number | undefined;
  /**
   * Both streams, in order of arrival. A long output is cut to its beginning and its end, with a line in
   * between that says so.
   */
  output: string;
}

/** Rejects if the command cannot be started. Kills it at its deadline, and rejects then, too. */
export type Exec = (argv: Argv, deadlineMs: number, signal: AbortSignal) => Promise<ExecResult>;

/** Makes a command run in the mount namespace of the host's process 1, as kured does. */
export function onHost(argv: Argv): Argv {
  return ["/usr/bin/nsenter", "-m/proc/1/ns/mnt", "--", ...argv];
}

/** The beginning has room for the names of 50 packages, the end for a verdict or an error. */
const headMaxChars = 16 * 1024;
const tailMaxChars = 4096;

export function createExec(clock: Clock): Exec {
  return (argv, deadlineMs, signal) =>
    withDeadline(clock, deadlineMs, signal, `running ${argv.join(" ")}`, (inner) => run(argv, inner));
}

function run([program, ...args]: Argv, signal: AbortSignal): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that its children are killed with it.
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    const end = () => {
      try {
        if (child.pid !== undefined) kill(-child.pid, "SIGKILL");
      } catch {} // The process has already ended.
    };
    signal.addEventListener("abort", end, { once: true });
    const output = createOutput();
    child.stdout.setEncoding("utf8").on("data", output.add);
    child.stderr.setEncoding("utf8").on("data", output.add);
    child.on("error", (cause) => reject(new Error(`running ${program}: ${cause.message}`, { cause })));
    child.on("close", (code) => {
      signal.removeEventListener("abort", end);
      resolve({ code: code ?? undefined, output: output.text().trim() });
    });
  });
}

/** Text of any length in bounded memory. */
function createOutput() {
  let head = "";
  let tail = "";
  let omitted = 0;
  return {
    add(chunk: string): void {
      const room = headMaxChars - head.length;
      head += chunk.slice(0, room);
      tail += chunk.slice(room);
      const over = Math.max(0, tail.length - tailMaxChars);
      tail = tail.slice(over);
      omitted += over;
    },
    text: () => (omitted === 0 ? head + tail : `${head}\n[${omitted} characters omitted]\n${tail}`),
  };
}
