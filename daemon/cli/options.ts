import type { Command } from "commander";
import { type Environment, isServiceLink } from "../config/environment.ts";
import { environmentName, type OptionTable, type RawValues } from "../config/option.ts";

/** Adds the options of a table to a subcommand, and to its help under a heading where one is given. */
export function addOptions(command: Command, table: OptionTable, heading?: string): Command {
  for (const [name, option] of Object.entries(table)) {
    const isFlag = option.placeholder === "true|false";
    const flag = `${option.short === undefined ? "" : `-${option.short}, `}--${name}`;
    const made = command.createOption(
      isFlag ? `${flag} [${option.placeholder}]` : `${flag} <${option.placeholder}>`,
      `${option.help}${option.default ? ` (default: ${option.default})` : ""}`,
    );
    if (option.repeat)
      made.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    if (heading !== undefined) made.helpGroup(`${heading}:`);
    command.addOption(made);
  }
  return command;
}

/** Says at the end of the help how the options of a table are set by environment. */
export function addEnvironmentHelp(command: Command, table: OptionTable): Command {
  const [first = ""] = Object.keys(table);
  return command.addHelpText(
    "after",
    `\nThe environment sets options too: ${environmentName(first)} is --${first}, and so on.`,
  );
}

/** The options that were typed: after the subcommand, else before it. Those of a list count in both places. */
export function typedOptions(command: Command): Record<string, string | string[] | true | undefined> {
  const before = command.parent?.opts() ?? {};
  const own = Object.entries(command.opts()).map(([name, value]) => {
    const isList = Array.isArray(value) && Array.isArray(before[name]);
    return [name, isList ? [...before[name], ...value] : value];
  });
  return { ...before, ...Object.fromEntries(own) };
}

/** The options of the command line, else of the environment, as text. */
export function givenOptions<N extends string>(
  command: Command,
  table: Readonly<Record<N, unknown>>,
  environment: Environment,
): RawValues<N> {
  const given = typedOptions(command);
  const raw: Partial<Record<string, string | string[]>> = {};
  for (const option of command.options) {
    const name = option.name();
    if (!Object.hasOwn(table, name)) continue;
    const value = onCommandLine(given[option.attributeName()]) ?? fromEnvironment(name, environment);
    if (value !== undefined) raw[name] = value;
  }
  return raw as RawValues<N>;
}

/** The value of a short option: kubectl takes `-o=json` too, of which commander leaves the "=" there. */
export function typedValue(given: string): string {
  return given.replace(/^=/, "");
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
function fromEnvironment(name: string, environment: Environment): string | undefined {
  const variable = environmentName(name);
  const own = environment[variable];
  if (own !== undefined && isServiceLink(variable, own)) return undefined;
  return own;
}
