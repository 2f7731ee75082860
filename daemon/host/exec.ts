import { spawn } from "node:child_process";
import { kill } from "node:process";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";

export type Argv = readonly [string, ...string[]];

export interface ExecResult {
  /** Absent when a signal ended the command. */
  code: number | undefined;
  /** Both streams, in the order in which they came. Of a long output the beginning and the end, with a line between that says so. */
  output: string;
}

/** Rejects when the command cannot be started, or has not ended by its deadline (it is killed then). */
export type Exec = (argv: Argv, deadlineMs: number, signal: AbortSignal) => Promise<ExecResult>;

/** The command as it runs in the mount namespace of the host's process 1, as kured runs it. */
export function onHost(argv: Argv): Argv {
  return ["/usr/bin/nsenter", "-m/proc/1/ns/mnt", "--", ...argv];
}

/** Enough for the names of 50 packages at the beginning, and for a verdict or an error at the end. */
const headMaxChars = 16 * 1024;
const tailMaxChars = 4096;

export function createExec(clock: Clock): Exec {
  return (argv, deadlineMs, signal) =>
    withDeadline(clock, deadlineMs, signal, `running ${argv.join(" ")}`, (inner) => run(argv, inner));
}

function run([program, ...args]: Argv, signal: AbortSignal): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    // In a group of its own, so that what it has started ends with it.
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    const end = () => {
      try {
        if (child.pid !== undefined) kill(-child.pid, "SIGKILL");
      } catch {} // It has ended meanwhile.
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
    text: () => (omitted === 0 ? head + tail : `${head}\n[${omitted} characters are left out]\n${tail}`),
  };
}
