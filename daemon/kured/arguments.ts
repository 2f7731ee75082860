/** kured's command line and environment, read as pflag and kured read them. Pure. */
import type { Environment } from "../config/environment.ts";
import { isServiceLink } from "../config/environment.ts";
import { ConfigError, printable } from "../text/config-error.ts";
import { variableOf } from "./flag.ts";
import { type FlagName, flagNames, rows } from "./flags.ts";

/** A text that was given for a flag, and where: `--period` or `KURED_PERIOD`. */
export interface Given {
  text: string;
  source: string;
}

/** A command line: for each flag all texts, in the order in which they count. */
export interface Arguments {
  given: ReadonlyMap<FlagName, readonly Given[]>;
  /** Somebody asks for the help. */
  isHelp: boolean;
  /** Words that belong to no flag. */
  words: readonly string[];
}

/** Throws a ConfigError for what pflag refuses: a flag that kured does not have, or one without its value. */
export function readArguments(args: readonly string[]): Arguments {
  const given = new Map<FlagName, Given[]>();
  const words: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") {
      words.push(...rest.splice(0));
    } else if (arg === "--help" || arg === "-h") {
      return { given, isHelp: true, words };
    } else if (arg.startsWith("--")) {
      const [, typed = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
      const name = known(typed);
      const text = value ?? (rows[name].kind === "bool" ? "true" : rest.shift());
      if (text === undefined) throw new ConfigError(`--${name} requires a value: --${name}=VALUE`);
      given.set(name, [...(given.get(name) ?? []), { text, source: `--${name}` }]);
    } else if (arg.startsWith("-") && arg !== "-") {
      throw new ConfigError(
        `unknown flag ${printable(arg)}: kured's flags begin with --; see 'kured --help'`,
      );
    } else {
      words.push(arg);
    }
  }
  return { given, isHelp: false, words };
}

function known(name: string): FlagName {
  const flag = flagNames.find((one) => one === name);
  if (flag !== undefined) return flag;
  const near = flagNames.find((one) => isNear(one, name));
  const advice = near === undefined ? "see 'kured --help'" : `did you mean --${near}?`;
  throw new ConfigError(`unknown flag ${printable(`--${name}`)}: kured has no such flag; ${advice}`);
}

/** Whether one letter more, less or other makes the one of the other, or the signs between words. */
function isNear(one: string, other: string): boolean {
  const [a, b] = [one, other.toLowerCase().replace(/[_.]/g, "-")];
  if (a === b || a.replaceAll("-", "") === b.replaceAll("-", "")) return true;
  const same = [...a].findIndex((letter, at) => letter !== b[at]);
  const [from, to] = [a.slice(same), b.slice(same)];
  return b.length > 4 && (from.slice(1) === to.slice(1) || from.slice(1) === to || from === to.slice(1));
}

/** The flags that the environment sets, and sentences about other variables that begin with KURED_. */
export interface Variables {
  given: ReadonlyMap<FlagName, Given>;
  warnings: readonly string[];
}

/**
 * Kubernetes sets variables such as KURED_METRICS_PORT=tcp://10.0.0.1:8080 for a Service of the pod's namespace;
 * kured takes that for its own, and crashes.
 */
export function readVariables(environment: Environment): Variables {
  const given = new Map<FlagName, Given>();
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !/^(KURED|REBOOTD)_/.test(variable)) continue;
    const name = flagNames.find((one) => variableOf(one) === variable);
    if (isServiceLink(variable, text)) {
      if (name !== undefined) warnings.push(`${variable} is ignored: Kubernetes has set it for a Service`);
    } else if (name === undefined) {
      warnings.push(`${variable} is ignored: kured has no such flag`);
    } else if (rows[name].kind === "stringArray" && text === "") {
      warnings.push(`${variable} is ignored: it is empty`);
    } else {
      given.set(name, { text, source: variable });
    }
  }
  return { given, warnings };
}
