/** Runs the program that was called as kured. */
import type { Environment } from "../config/environment.ts";
import type { RawOptions } from "../config/settings.ts";
import { ConfigError } from "../text/config-error.ts";
import { oneLine } from "../text/one-line.ts";
import { readArguments } from "./arguments.ts";
import { kuredHelp } from "./help.ts";
import { type Translation, translateKured } from "./translate.ts";

/** The process, as far as kured mode needs it. */
export interface KuredIo {
  environment: Environment;
  out: (text: string) => void;
  err: (text: string) => void;
}

/** Starts the daemon with rebootd's options and an environment without kured's variables. */
export type StartDaemon = (
  raw: RawOptions,
  environment: Environment,
  notes: readonly Note[],
) => Promise<void>;

/** A line for the log of the start. */
export interface Note {
  level: "warn" | "info";
  text: string;
}

/**
 * Resolves with the exit code: 0 after the help or a clean end, 2 for a bad command line or environment, about which
 * one line is written. Rejects as the daemon does.
 */
export async function runKured(args: readonly string[], io: KuredIo, start: StartDaemon): Promise<number> {
  try {
    if (readArguments(args).isHelp) {
      io.out(kuredHelp());
      return 0;
    }
    const translation = translateKured(args, io.environment);
    await start(translation.raw, withoutKured(io.environment), notesOf(translation));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.err(`kured: ${oneLine(error.message)}\n`);
    return 2;
  }
}

function withoutKured(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(KURED|REBOOTD)_/.test(name)));
}

function notesOf({ warnings, differences }: Translation): Note[] {
  return [
    ...warnings.map((text) => ({ level: "warn" as const, text })),
    ...differences.map(({ flag, text }) => ({
      level: "info" as const,
      text: `other than kured, --${flag}: ${text}`,
    })),
  ];
}
