import type { Command } from "commander";
import { type Environment, isServiceLink } from "../config/environment.ts";
import {
  environmentName,
  type Option,
  type OptionName,
  options,
  type RawOptions,
} from "../config/options.ts";

/** Adds options of the table to a subcommand. */
export function addOptions(command: Command, names: readonly OptionName[]): Command {
  for (const name of names) {
    const option: Option<unknown> = options[name];
    const isFlag = option.placeholder === "true|false";
    const flag = `${option.short === undefined ? "" : `-${option.short}, `}--${name}`;
    const made = command.createOption(
      isFlag ? `${flag} [${option.placeholder}]` : `${flag} <${option.placeholder}>`,
      `${option.help}${option.default ? ` (default: ${option.default})` : ""}`,
    );
    if (option.repeat)
      made.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    command.addOption(made);
  }
  const [first = ""] = names;
  return command.addHelpText(
    "after",
    `\nEach option may be given by environment: ${environmentName(first)} for --${first}, and so on.`,
  );
}

/** What was typed: after the subcommand, else before it. */
export function typedOptions(command: Command): Record<string, string | string[] | true | undefined> {
  return { ...command.parent?.opts(), ...command.opts() };
}

/** What was given on the command line, else in the environment, as text. */
export function givenOptions(
  command: Command,
  names: readonly OptionName[],
  environment: Environment,
): RawOptions {
  const given = typedOptions(command);
  const raw: RawOptions = {};
  for (const option of command.options) {
    const name = names.find((known) => known === option.name());
    if (name === undefined) continue;
    const value = onCommandLine(given[option.attributeName()]) ?? fromEnvironment(name, environment);
    if (value !== undefined) raw[name] = value;
  }
  return raw;
}

/** The files that KUBECONFIG names. */
export function kubeconfigFiles(environment: Environment): string[] {
  return (environment["KUBECONFIG"] ?? "").split(":").filter((file) => file !== "");
}

/** A flag without a value means true. */
function onCommandLine(value: string | string[] | true | undefined): string | string[] | undefined {
  return value === true ? "true" : value;
}

/** An option on the command line goes before the environment. */
function fromEnvironment(name: OptionName, environment: Environment): string | undefined {
  const variable = environmentName(name);
  const own = environment[variable];
  if (own !== undefined && isServiceLink(variable, own)) return undefined;
  return own;
}
