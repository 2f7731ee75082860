/** A need by a command, which answers with its exit code. */
import { shortEnds } from "../../text/one-line.ts";
import type { Clock } from "../../time/clock.ts";
import { DeadlineError } from "../../time/deadline.ts";
import type { Argv, Exec } from "../exec.ts";
import { type Answer, cannotTell, never, reasonMaxChars, reasonsFrom, type TriedSource } from "./need.ts";

/** The meaning of a command's exit codes. All others, and a command that does not end, mean `unknown`. */
export interface Meaning {
  needed: number;
  notNeeded: number;
  /** The output must match this for a yes, if failures have the same exit code. */
  yes?: RegExp;
  /** The reasons are listed after a heading, and before the text of `yes` if that comes later. */
  reasons?: { heading: RegExp; each: RegExp };
  /** The output of a program that lacks the subcommand, as its plugin is not installed. */
  absent?: RegExp;
}

/** The exit codes of kured's sentinel command: https://kured.dev/docs/configuration/ */
export const sentinelCommand: Meaning = { needed: 0, notNeeded: 1 };

/** The world as a command needs it. `onHost` makes a command one that runs on the host. */
export interface CommandPorts {
  exec: Exec;
  onHost: (argv: Argv) => Argv;
  clock: Clock;
  /** An answer is valid for so long. */
  ageMaxMs: number;
}

const commandDeadlineMs = 60_000;

/** The first of the commands that the host has is the one that is asked. */
export function commandNeed(
  commands: readonly [Argv, ...Argv[]],
  meaning: Meaning,
  ports: CommandPorts,
): TriedSource {
  const { clock, ageMaxMs } = ports;
  let last: { answer: Answer; at: number } | undefined;
  async function askNow(signal: AbortSignal): Promise<Answer> {
    const answer = await askFirst(commands, meaning, ports, signal);
    last = { answer, at: clock.elapsed() };
    return answer;
  }
  return {
    name: commands[0].join(" "),
    async check(fresh, signal) {
      if (!fresh && last !== undefined && clock.elapsed() - last.at < ageMaxMs) return last.answer.need;
      return (await askNow(signal)).need;
    },
    watch() {},
    precheck: async (signal) => (await askNow(signal)).never,
  };
}

async function askFirst(
  commands: readonly Argv[],
  meaning: Meaning,
  ports: CommandPorts,
  signal: AbortSignal,
): Promise<Answer> {
  const absent: string[] = [];
  for (const command of commands) {
    const answer = await ask(command, meaning, ports, signal);
    if (!answer.isAbsent) return answer;
    absent.push(answer.never ?? "");
  }
  return never(absent.join("; "));
}

async function ask(
  command: Argv,
  meaning: Meaning,
  { exec, onHost }: CommandPorts,
  signal: AbortSignal,
): Promise<Answer & { isAbsent?: boolean }> {
  const argv = onHost(command);
  try {
    const { code, output } = await exec(argv, commandDeadlineMs, signal);
    const said = shortEnds(output, reasonMaxChars);
    const ended = `${argv.join(" ")} ended with ${code ?? "a signal"}${said && `: ${said}`}`;
    // A shell, env and nsenter exit with these codes for a program that does not exist, or cannot be run.
    if (code === 126 || code === 127) return { ...never(ended), isAbsent: true };
    // nsenter exits with 1 if it may not enter the namespace, which means neither yes nor no.
    if (output.startsWith("nsenter: ")) return never(ended);
    if (code === meaning.notNeeded) return { need: { state: "not-needed" } };
    if (meaning.absent?.test(output)) return { ...never(ended), isAbsent: true };
    if (code !== meaning.needed || meaning.yes?.test(output) === false) return { need: cannotTell(ended) };
    return { need: { state: "needed", source: "command", reasons: reasonsIn(output, meaning) } };
  } catch (error) {
    signal.throwIfAborted();
    const { message } = error as Error;
    return error instanceof DeadlineError ? { need: cannotTell(message) } : never(message);
  }
}

/** The reasons between heading and verdict. Other output, for example about repositories, is no reason. */
function reasonsIn(output: string, { yes, reasons }: Meaning): string[] {
  const heading = reasons?.heading.exec(output);
  if (reasons === undefined || heading == null) return [];
  const list = output.slice(heading.index + heading[0].length);
  const end = yes === undefined ? -1 : list.search(yes);
  const found = (end < 0 ? list : list.slice(0, end)).matchAll(reasons.each);
  return reasonsFrom([...found].map(([, name = ""]) => name));
}
