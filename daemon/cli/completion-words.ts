import type { Argument, Command, Option } from "commander";
import { shortLine } from "../text/one-line.ts";

/** A word that fits, with its description. */
export interface Candidate {
  word: string;
  description?: string | undefined;
}

/** The kinds of names that are looked up. */
export type Live = "nodes" | "namespaces" | "contexts" | "clusters" | "users";

/** The words that fit at a place of the command line. */
export type Expected =
  | { kind: "words"; words: readonly Candidate[]; typed: string }
  | { kind: Live; except: readonly string[]; typed: string }
  | { kind: "files" };

/** A description is one line in a list. */
const descriptionMaxChars = 80;
/** The subcommand of commander itself, which is not in the list of commands. */
const help: Candidate = { word: "help", description: "Print the help of a command" };

/**
 * Pure: finds out which words fit for the last of these, which may be empty. The others are what was typed
 * before it, behind the name of the program.
 */
export function expected(program: Command, line: readonly string[]): Expected {
  const current = line.at(-1) ?? "";
  const { command, isHelp, args, open, isVerbatim } = walked(program, line.slice(0, -1));
  if (open !== undefined) return valuesOf(open, current);
  const [, name = "", value] = isVerbatim ? [] : (/^(--[^=]+)=(.*)$/s.exec(current) ?? []);
  if (value !== undefined) {
    const option = optionOf(command ?? program, name);
    return option === undefined ? nothing : valuesOf(option, value);
  }
  if (!isVerbatim && current.startsWith("-")) return words(flagsOf(command ?? program), current);
  if (isHelp) return words(args.length === 0 ? commandsOf(program) : [], current);
  if (command === undefined) return words(args.length === 0 ? [...commandsOf(program), help] : [], current);
  return argumentsOf(command.registeredArguments, args, current);
}

const nothing: Expected = { kind: "words", words: [], typed: "" };

const words = (some: readonly Candidate[], typed: string): Expected => ({
  kind: "words",
  words: some,
  typed,
});

interface Walked {
  /** Undefined as long as no subcommand that exists was typed. */
  command: Command | undefined;
  isHelp: boolean;
  args: string[];
  /** The option whose value is the next word. */
  open: Option | undefined;
  /** Behind `--`. */
  isVerbatim: boolean;
}

function walked(program: Command, line: readonly string[]): Walked {
  const found: Walked = { command: undefined, isHelp: false, args: [], open: undefined, isVerbatim: false };
  for (const word of line) {
    if (found.open !== undefined) found.open = undefined;
    else if (found.isVerbatim || !/^-./.test(word)) takeWord(found, word, program);
    else if (word === "--") found.isVerbatim = true;
    else {
      const option = optionOf(found.command ?? program, word);
      found.open = option?.required ? option : undefined;
    }
  }
  return found;
}

function takeWord(found: Walked, word: string, program: Command): void {
  const command = program.commands.find((one) => one.name() === word);
  const isFirst = found.command === undefined && !found.isHelp && found.args.length === 0;
  if (isFirst && word === help.word) found.isHelp = true;
  else if (isFirst && command !== undefined) found.command = command;
  else found.args.push(word);
}

function optionOf(command: Command, flag: string): Option | undefined {
  return command.options.find(({ short, long }) => short === flag || long === flag);
}

function commandsOf(program: Command): Candidate[] {
  return program.commands.map((one) => ({ word: one.name(), description: shown(one.description()) }));
}

function flagsOf(command: Command): Candidate[] {
  const flags = command.options.filter(({ long, hidden }) => long && !hidden);
  return [
    ...flags.map(({ long, description }) => ({ word: long as string, description: shown(description) })),
    { word: "--help", description: "Print this help" },
  ];
}

const shown = (description: string) => shortLine(description, descriptionMaxChars);

const liveOptions: Readonly<Record<string, Live>> = {
  context: "contexts",
  cluster: "clusters",
  user: "users",
  namespace: "namespaces",
  "ds-namespace": "namespaces",
};

/** The choices, those of a placeholder such as `on|off`, or the names that the option stands for. */
function valuesOf(option: Option, typed: string): Expected {
  const [, placeholder = ""] = /[<[](.*)[>\]]/.exec(option.flags) ?? [];
  if (option.argChoices) {
    const before = placeholder.endsWith(",...") ? typed.slice(0, typed.lastIndexOf(",") + 1) : "";
    return words(
      option.argChoices.map((choice) => toWord(before + choice)),
      typed,
    );
  }
  if (/^[a-z-]+(\|[a-z-]+)+$/.test(placeholder)) return words(placeholder.split("|").map(toWord), typed);
  const live = liveOptions[option.name()];
  if (live !== undefined) return { kind: live, except: [], typed };
  return ["FILE", "FOLDER"].includes(placeholder) ? { kind: "files" } : nothing;
}

const toWord = (word: string): Candidate => ({ word });

function argumentsOf(known: readonly Argument[], args: readonly string[], typed: string): Expected {
  const last = known.at(-1);
  const argument = known[args.length] ?? (last?.variadic ? last : undefined);
  if (argument?.argChoices) return words(argument.argChoices.map(toWord), typed);
  return argument?.name() === "NODE" ? { kind: "nodes", except: args, typed } : nothing;
}
