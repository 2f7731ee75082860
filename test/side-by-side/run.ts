import { spawn } from "node:child_process";
import { setPriority } from "node:os";

export interface Program {
  /** For people, where it does not end by itself. */
  name: string;
  command: readonly [file: string, ...args: string[]];
  /** It waits for nothing but the processors, and leaves most of them to the others. */
  isPatient?: boolean;
}

/** As `nice` has it: about a third of what others get. Much less, and on a busy machine its tests would take too long. */
const patientPriority = 5;

/**
 * Runs programs at the same time. The output of the first is written as it comes, that of each other once the ones before it
 * have ended, so that no two are mixed. Resolves when all have ended: with 0 if each of them ended with 0, else with 1.
 * With the signal all are asked to end.
 */
export async function runSideBySide(
  programs: readonly Program[],
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<0 | 1> {
  const running = programs.map((program) => start(program, signal));
  let worst: 0 | 1 = 0;
  for (const { output, ended } of running) {
    output.to(write);
    const how = await ended;
    if (how === undefined) continue;
    write(how);
    worst = 1;
  }
  return worst;
}

function start({ name, command: [file, ...args], isPatient = false }: Program, signal: AbortSignal) {
  // In a group of its own, which is asked to end as a whole: npm and its shell leave behind what they have started.
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  if (isPatient && child.pid !== undefined) setPriority(child.pid, patientPriority);
  const output = createOutput();
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", output.add);
  const end = () => void (child.pid !== undefined && process.kill(-child.pid, "SIGTERM"));
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  /** How it failed, in a line; undefined if it did not. */
  const ended = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(`${name}: ${error.message}\n`));
    child.on("close", (code, by) => resolve(code === 0 ? undefined : `${name}: ended with ${by ?? code}\n`));
  }).finally(() => signal.removeEventListener("abort", end));
  return { output, ended };
}

/** Keeps what is added until there is somebody to write it. */
function createOutput() {
  const kept: string[] = [];
  let write = (text: string): void => void kept.push(text);
  return {
    add: (text: string) => write(text),
    to(next: (text: string) => void) {
      write = next;
      next(kept.splice(0).join(""));
    },
  };
}
