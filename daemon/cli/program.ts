import { Command, CommanderError } from "commander";
import { isApiError } from "../cluster/api.ts";
import { explain as withCauses } from "../report/log.ts";
import { ConfigError } from "../text/config-error.ts";
import { oneLine } from "../text/one-line.ts";
import type { PersonIo } from "./access.ts";
import { CommandRefused, NotYet } from "./admin.ts";
import { named, ownName } from "./called-as.ts";
import { withCluster } from "./cluster-options.ts";
import type { CompletionIo } from "./completion.ts";
import { addExamples } from "./examples.ts";
import type { NotifyIo } from "./notify.ts";
import type { ProgramIo } from "./people.ts";
import { runCommand, type Start } from "./run.ts";
import { noTerminal, rendered, type Text } from "./terminal.ts";

export interface Io extends Omit<PersonIo & NotifyIo & CompletionIo, "out" | "err" | "program"> {
  version: string;
  /** The name by which it was called; by default rebootd. */
  program?: string;
  /** Writes to the terminal as it is. */
  out: (text: string) => void;
  err: (text: string) => void;
}

/** The exit codes of all commands. */
export const exitCodes: readonly [code: number, meaning: string][] = [
  [0, "Done"],
  [1, "Refused or failed; the message has the reason"],
  [2, "Bad input; nothing was done"],
  [3, "Not yet: what a command waits for has not come true"],
];

const exitCodesText = `\nExit codes:\n${exitCodes.map(([code, meaning]) => `  ${code}  ${meaning}`).join("\n")}`;

/** Whether the output is JSON or YAML, which a program reads. */
const isForPrograms = (args: readonly string[]) =>
  args.some((arg) => /^(?:-o=?|--output=)?(?:json|yaml)$/.test(arg));

/** The width of the help where it is unknown. */
const helpWidth = 80;
/** Descriptions are wrapped also where the longest option leaves this little of a line. */
const descriptionWidthMin = 30;

/** The program with these subcommands, which prints its help by `io`. */
export function createProgram(io: ProgramIo, commands: readonly Command[]): Command {
  const program: Command = withCluster(
    new Command(io.program)
      .description("A reboot daemon for Kubernetes")
      .version(io.version, "--version", "Print the version"),
  ).helpCommand("help [COMMAND]", "Print the help of a command");
  for (const command of commands) program.addCommand(command);
  program.addHelpText("after", exitCodesText);
  for (const command of [program, ...program.commands]) {
    addExamples(command);
    command
      .helpOption("-h, --help", "Print this help")
      .configureHelp({ minWidthToWrap: descriptionWidthMin })
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: io.out,
        writeErr: io.err,
        outputError: () => {},
        getOutHelpWidth: () => io.terminal.columns ?? helpWidth,
        getErrHelpWidth: () => helpWidth,
      });
  }
  return program;
}

/**
 * Runs the command that the arguments name, and resolves with the exit code. 2 is for bad input: one line,
 * nothing done. 1 is for a request that the cluster refuses. 3 is for a condition that has not come true.
 */
export async function runProgram(
  args: readonly string[],
  given: Io,
  start: Start,
  signal: AbortSignal,
): Promise<number> {
  const name = given.program ?? ownName;
  const inOurName = (text: string) =>
    named(text, name, [...program.commands.map((one) => one.name()), "help"]);
  const print = (text: Text) => given.out(rendered(text, given.terminal));
  const io = {
    ...given,
    program: name,
    // The text of a program is data.
    out: isForPrograms(args) ? print : (text: Text) => given.out(inOurName(rendered(text, given.terminal))),
    err: (text: string) => given.err(inOurName(rendered(text, noTerminal))),
  };
  // A daemon has none of this in its memory.
  const forPeople =
    args[0] === "run"
      ? undefined
      : { ...(await import("./people.ts")), ...(await import("./completion.ts")) };
  const program = createProgram(io, [
    runCommand(io.environment, start),
    ...(forPeople?.commandsOfPeople(io, signal) ?? []),
  ]);
  // Before the help is wrapped.
  for (const command of program.commands) command.description(inOurName(command.description()));
  if (forPeople?.asksForCompletion(args)) {
    // A tab separates a word from its description.
    given.out(await forPeople.completions(program, args, io, signal));
    return 0;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // commander prints the help by itself where no subcommand was given.
      if (error.code !== "commander.help") io.err(`rebootd: ${usage(error.message, program, args)}\n`);
      return 2;
    }
    const code = exitCodeOf(error);
    if (code === undefined) throw error;
    io.err(`rebootd: ${oneLine(withCauses(error))}\n`);
    return code;
  }
}

/** Undefined for an error that is not expected. */
function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof ConfigError) return 2;
  if (error instanceof CommandRefused || isApiError(error)) return 1;
  return error instanceof NotYet ? 3 : undefined;
}

function usage(message: string, program: Command, args: readonly string[]): string {
  // The value of an unknown option may be a secret.
  const named = args
    .filter((arg) => arg.startsWith("-") && arg.includes("="))
    .reduce((shown, arg) => shown.replaceAll(arg, arg.slice(0, arg.indexOf("="))), message);
  const text = named.replace(/^error: |\.$/g, "").replace(/\s*\n\s*/g, " ");
  const command = program.commands.find((known) => known.name() === args[0]);
  const help = command === undefined ? "rebootd --help" : `rebootd ${args[0]} --help`;
  return `${text}; see '${help}'`;
}
