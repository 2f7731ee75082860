import { Command, CommanderError } from "commander";
import { ConfigError, type RawOptions } from "../config/options.ts";
import { type Environment, runCommand } from "./run.ts";

export interface Io {
  environment: Environment;
  version: string;
  out: (text: string) => void;
  err: (text: string) => void;
}

/** Starts what the arguments ask for; resolves with the exit code. Bad input: one line, exit code 2, nothing done. */
export async function runProgram(
  args: readonly string[],
  io: Io,
  start: (raw: RawOptions) => Promise<void>,
): Promise<number> {
  const program = new Command("rebootd")
    .description("A reboot daemon for Kubernetes")
    .version(io.version, "--version", "print the version")
    .addCommand(runCommand(io.environment, start));
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // commander prints the help by itself where no subcommand was given.
      if (error.code !== "commander.help") io.err(`rebootd: ${usage(error.message)}\n`);
      return 2;
    }
    if (error instanceof ConfigError) {
      io.err(`rebootd: ${error.message}\n`);
      return 2;
    }
    throw error;
  }
}

function usage(message: string): string {
  const text = message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  return `${text}; allowed is what 'rebootd run --help' lists`;
}
