import { Command } from "commander";
import {
  ConfigError,
  environmentName,
  type Option,
  type OptionName,
  options,
  type RawOptions,
} from "../config/options.ts";

export type Environment = Record<string, string | undefined>;

/** The subcommand `run` with every option of the table. `start` gets what was given, as text. */
export function runCommand(environment: Environment, start: (raw: RawOptions) => Promise<void>): Command {
  const command = new Command("run").description("watch this node and reboot it when it needs it and may");
  for (const [name, option] of Object.entries<Option<unknown>>(options)) {
    const isFlag = option.placeholder === "true|false";
    const made = command.createOption(
      isFlag ? `--${name} [${option.placeholder}]` : `--${name} <${option.placeholder}>`,
      `${option.help}${option.default ? ` (default: ${option.default})` : ""}`,
    );
    if (option.repeat)
      made.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
    command.addOption(made);
  }
  command.addHelpText(
    "after",
    `\nEach option may be given by environment: ${environmentName("node-id")} for --node-id.`,
  );
  command.action(async () => {
    const given = command.opts<Record<string, string | string[] | true>>();
    const raw: RawOptions = {};
    for (const option of command.options) {
      const name = option.name() as OptionName;
      const value = onCommandLine(given[option.attributeName()]) ?? fromEnvironment(name, environment);
      if (value !== undefined) raw[name] = value;
    }
    await start(raw);
  });
  return command;
}

/** A flag without a value means true. */
function onCommandLine(value: string | string[] | true | undefined): string | string[] | undefined {
  return value === true ? "true" : value;
}

/** An option on the command line goes before the environment. */
function fromEnvironment(name: OptionName, environment: Environment): string | undefined {
  const own = environment[environmentName(name)];
  if (own !== undefined || name !== "kubeconfig") return own;
  const [first, second] = (environment["KUBECONFIG"] ?? "").split(":").filter((file) => file !== "");
  if (second === undefined) return first;
  throw new ConfigError("KUBECONFIG names several files; name one, or give --kubeconfig=FILE");
}
