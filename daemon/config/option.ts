import * as z from "zod/mini";
import { ConfigError, invalidValue, printable } from "../text/config-error.ts";
import type { ValueType } from "./value-type.ts";

/** One option of `rebootd run`. Its environment variable is `REBOOTD_` and the name in upper case. */
export interface Option<T> {
  readonly type: ValueType<T>;
  /** Typed as on the command line, once; absent means that the option may stay unset, or is required. */
  readonly default?: string;
  readonly required?: true;
  /** May be given several times; the environment variable holds one value. */
  readonly repeat?: true;
  /** Not shown where it is refused. */
  readonly secret?: true;
  /** A daemon that runs keeps its value when the configuration file changes: the next start takes the new one. */
  readonly needsRestart?: true;
  /** One letter that stands for the name. */
  readonly short?: string;
  /** Stands for the value in the help. */
  readonly placeholder: string;
  readonly help: string;
}

/** Options by name. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

type ValueOf<O> = O extends { type: ValueType<infer T> }
  ? O extends { repeat: true }
    ? readonly T[]
    : O extends { default: string } | { required: true }
      ? T
      : T | undefined
  : never;

/** The values of a table's options, each by the name of its option. */
export type ValuesOf<T extends OptionTable> = { readonly [N in keyof T]: ValueOf<T[N]> };

/** Options as they were typed, by name. */
export type RawValues<N extends string = string> = Readonly<Partial<Record<N, string | readonly string[]>>>;

/**
 * Parses texts to values, one option after the other. Throws a ConfigError for the first invalid one. Rules
 * between options are checked later.
 */
export function parseTable<T extends OptionTable>(table: T, raw: RawValues): ValuesOf<T> {
  const pairs = Object.entries(table).map(([name, option]) => [name, parseOption(name, option, raw[name])]);
  return Object.fromEntries(pairs) as ValuesOf<T>;
}

/**
 * Whether an option was typed without a value, as templates do for a value that is not set: kured's chart has
 * `alertFilterRegexp: ""`. Such an option counts as not given, but for a list, where it would be one more,
 * and for true|false, where it would be either.
 */
export function isGivenEmpty(
  option: Option<unknown>,
  given: string | readonly string[] | undefined,
): boolean {
  return given === "" && !option.repeat && option.placeholder !== "true|false";
}

function parseOption(name: string, option: Option<unknown>, given: string | readonly string[] | undefined) {
  if (option.repeat)
    return [given ?? option.default ?? []].flat().map((one) => parseValue(name, option, one));
  const value = given === undefined || isGivenEmpty(option, given) ? option.default : given;
  if (typeof value === "string") return parseValue(name, option, value);
  if (!option.required) return undefined;
  throw new ConfigError(
    `--${name} is required: set --${name}=${option.placeholder} or ${environmentName(name)}`,
  );
}

/** The error for one value of an option, or undefined where it is taken. An empty one may count as not given. */
export function refusalOf(name: string, option: Option<unknown>, given: string): ConfigError | undefined {
  try {
    if (!isGivenEmpty(option, given)) parseValue(name, option, given);
    return undefined;
  } catch (error) {
    return error as ConfigError;
  }
}

function parseValue(name: string, { type, secret }: Option<unknown>, given: string): unknown {
  const result = z.safeParse(type, given);
  if (result.success) return result.data;
  const rule = result.error.issues[0]?.message ?? "";
  throw invalidValue(name, secret ? undefined : printable(given), rule);
}

export function environmentName(name: string): string {
  return `REBOOTD_${name.toUpperCase().replaceAll("-", "_")}`;
}
