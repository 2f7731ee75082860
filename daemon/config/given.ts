/** Options that a person gave, each with the place that has it. */
import { ConfigError, type Naming } from "../text/config-error.ts";
import { keyOfOption } from "./keys.ts";
import { environmentName } from "./option.ts";
import { type OptionName, options, type RawOptions } from "./settings.ts";

/** A place in a file; lines and columns count from 1. */
export interface Place {
  line: number;
  column: number;
}

/** The options of the configuration file, as text. */
export interface FileOptions {
  /** Its path, as it was given. */
  file: string;
  raw: RawOptions;
  /** The places of the values. */
  places: Readonly<Partial<Record<OptionName, Place>>>;
}

/** The options of the command line and of the environment. */
export interface TypedOptions {
  /** An option of the command line goes before the environment. */
  raw: RawOptions;
  /** The names of options that the environment has given. */
  fromEnvironment: ReadonlySet<string>;
  /** The path of the configuration file; undefined for none. */
  file: string | undefined;
}

export type Source = "flag" | "environment" | "file" | "default";

/** All that was given: a flag goes before the environment, and that before the file. */
export interface Given {
  raw: RawOptions;
  typed: TypedOptions;
  file: FileOptions | undefined;
}

export const nothingTyped: TypedOptions = { raw: {}, fromEnvironment: new Set(), file: undefined };

export function merged(typed: TypedOptions, file?: FileOptions): Given {
  return { raw: { ...file?.raw, ...typed.raw }, typed, file };
}

/** The place that the value of an option comes from. */
export function sourceOf(name: OptionName, { typed, file }: Pick<Given, "typed" | "file">): Source {
  if (typed.raw[name] !== undefined) return typed.fromEnvironment.has(name) ? "environment" : "flag";
  return file?.raw[name] === undefined ? "default" : "file";
}

/** "config.yaml:3:7" */
export function placeText(file: string, { line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/**
 * The error with the place of the option at fault before it, and with each option named as that place has it.
 * Other errors are returned as they are.
 */
export function located(error: unknown, given: Pick<Given, "typed" | "file">): unknown {
  if (!(error instanceof ConfigError)) return error;
  const { file } = given;
  const culprits = optionsNamed(error);
  const [culprit] = culprits;
  if (culprit === undefined) return error;
  const source = sourceOf(culprit, given);
  // An option that was given nowhere is named as the one at fault.
  const sourceFor = (option: OptionName) => {
    const own = sourceOf(option, given);
    return own === "default" ? source : own;
  };
  const named: Naming = (option) => {
    if (!isOption(option)) return `--${option}`;
    return spelled(option, sourceFor(option));
  };
  const inFile = culprits.find((option) => sourceOf(option, given) === "file");
  const place = inFile === undefined ? undefined : file?.places[inFile];
  const before = file === undefined || place === undefined ? "" : `${placeText(file.file, place)}: `;
  return new ConfigError(`${before}${error.worded(named)}`, { cause: error.cause });
}

/** The options that the error names; the first one is at fault. */
export function optionsNamed(error: ConfigError): OptionName[] {
  const names: string[] = [];
  error.worded((option) => {
    names.push(option);
    return option;
  });
  return names.filter(isOption);
}

function isOption(option: string): option is OptionName {
  return Object.hasOwn(options, option);
}

function spelled(option: OptionName, source: Source): string {
  if (source === "file") return keyOfOption(option);
  return source === "environment" ? environmentName(option) : `--${option}`;
}
