/** kured's command line and environment as options of rebootd. Pure. */
import * as z from "zod/mini";
import type { Environment } from "../config/environment.ts";
import type { OptionTable } from "../config/option.ts";
import { type OptionName, options, type RawOptions } from "../config/settings.ts";
import { ConfigError, printable } from "../text/config-error.ts";
import { firstOf } from "../text/list.ts";
import { type Given, readArguments, readVariables } from "./arguments.ts";
import { type Become, type BecomeContext, Refused, type Together } from "./become.ts";
import type { Flag } from "./flag.ts";
import { type FlagKind, flagKinds, isList } from "./flag-kinds.ts";
import { type FlagName, flagNames, rows } from "./flags.ts";

/** rebootd's options for a command line of kured, and what its operator should know. */
export interface Translation {
  /** Only those that are not rebootd's default anyway. */
  raw: RawOptions;
  /** Sentences about input that does nothing, or not what it says. */
  warnings: readonly string[];
  /** The differences that these flags make between rebootd and kured, in the order of kured's help. */
  differences: readonly { flag: FlagName; text: string }[];
}

/** The flag as it counts: the texts, and where the last of them was given. */
interface Typed {
  texts: readonly string[];
  source: string;
  isGiven: boolean;
}

/**
 * The environment goes before the command line, and adds to a list that stands there, which is kured's order. Throws a ConfigError
 * that names flag or variable, value and rule for what kured refuses, and for what cannot be made safe. `--help` and
 * what it prints are in help.ts.
 */
export function translateKured(args: readonly string[], environment: Environment): Translation {
  const line = readArguments(args);
  const variables = readVariables(environment);
  const warnings = [...variables.warnings, ...doubly(line.given, variables.given)];
  if (line.words.length > 0) {
    warnings.push(`ignored: ${firstOf(line.words.map(printable), 5)}; a value follows its flag after =`);
  }
  const typed = flagNames.map((name) => typedFor(name, line.given.get(name), variables.given.get(name)));
  const values = new Map(flagNames.map((name, at) => [name, parsed(rows[name], typed[at] as Typed)]));
  const together = togetherOf(values);
  const raw: Record<string, string | readonly string[]> = {};
  const differences: { flag: FlagName; text: string }[] = [];
  for (const [at, name] of flagNames.entries()) {
    const row = rows[name];
    const how = typed[at] as Typed;
    const context = {
      together,
      name,
      text: how.texts.at(-1) ?? "",
      warn: (text: string) => warnings.push(text),
    };
    // A dead flag has a default of its own, about which there is nothing to say.
    if (row.options.length === 0 && !how.isGiven) continue;
    Object.assign(raw, optionsOf(row, values.get(name), how, context));
    if (row.differs !== undefined && (how.isGiven || row.differsUngiven)) {
      differences.push({ flag: name, text: row.differs });
    }
  }
  return { raw: withoutDefaults(raw), warnings, differences };
}

/** Flags that both the command line and the environment have, and that are no lists. */
function doubly(
  line: ReadonlyMap<FlagName, readonly Given[]>,
  variables: ReadonlyMap<FlagName, Given>,
): string[] {
  const both = flagNames.filter((name) => line.has(name) && variables.has(name) && !isList(rows[name].kind));
  const sources = both.map((name) => `${variables.get(name)?.source} before --${name}`);
  return sources.length === 0
    ? []
    : [`the environment goes before the command line, as in kured: ${firstOf(sources, sources.length)}`];
}

function typedFor(name: FlagName, line: readonly Given[] = [], variable: Given | undefined): Typed {
  const all = [...line, ...(variable === undefined ? [] : [variable])];
  const last = all.at(-1);
  const { kind, default: unset } = rows[name];
  if (last === undefined) {
    return { texts: kind === "stringArray" ? [] : [unset], source: `--${name}`, isGiven: false };
  }
  const texts = isList(kind) ? all.map(({ text }) => text) : [last.text];
  return { texts, source: last.source, isGiven: true };
}

/** The value, or for a list the values of all texts. */
function parsed({ kind, secret }: Flag, { texts, source }: Typed): unknown {
  const { parse, rule } = flagKinds[kind];
  const values = texts.map((text) => {
    const value = parse(text);
    if (value === undefined) throw refusal(source, secret ? undefined : text, rule);
    return value;
  });
  return isList(kind) ? values.flat() : values.at(-1);
}

function togetherOf(values: ReadonlyMap<FlagName, unknown>): Together {
  return {
    rebootMethod: values.get("reboot-method") as string,
    drainTimeoutMs: values.get("drain-timeout") as number,
    days: values.get("reboot-days") as readonly string[],
    startTime: values.get("start-time") as string,
    endTime: values.get("end-time") as string,
    notifyUrl: values.get("notify-url") as string,
  };
}

/** The values of rebootd's options, each of which rebootd takes. */
function optionsOf(row: Flag, value: unknown, { texts, source }: Typed, context: BecomeContext): RawOptions {
  const shown = row.secret ? undefined : texts.join(",");
  try {
    const made = (row.become as Become<FlagKind>)(value as never, context);
    for (const [name, texts] of Object.entries(made)) {
      for (const text of [texts].flat()) refuseInvalid(name as OptionName, text);
    }
    return made;
  } catch (error) {
    if (error instanceof Refused) throw refusal(source, shown, error.message);
    throw error;
  }
}

function refuseInvalid(name: OptionName, text: string): void {
  const { error } = z.safeParse(options[name].type as z.ZodMiniType<unknown, string>, text);
  if (error !== undefined) throw new Refused(error.issues[0]?.message ?? "");
}

function refusal(source: string, shown: string | undefined, rule: string): ConfigError {
  const value = shown === undefined ? "" : ` ${printable(shown)}`;
  return new ConfigError(`invalid value${value} for ${source}: ${rule}`);
}

function withoutDefaults(raw: RawOptions): RawOptions {
  const table: OptionTable = options;
  const kept = Object.entries(raw).filter(([name, text]) => [text].flat().join() !== table[name]?.default);
  return Object.fromEntries(kept);
}
