import { Command } from "commander";
import type { Environment } from "../config/environment.ts";
import type { TypedOptions } from "../config/given.ts";
import { configFileOptions } from "../config/options/config-file.ts";
import { options, type RawOptions, subjects } from "../config/settings.ts";
import { ConfigError } from "../text/config-error.ts";
import { typedForPeople } from "./cluster-options.ts";
import { addEnvironmentHelp, addOptions, givenOptions } from "./options.ts";

/** Starts the daemon with the options that were typed, as text; `from` says where they and others come from. */
export type Start = (raw: RawOptions, from: Omit<TypedOptions, "raw">) => Promise<void>;

/** The subcommand `run` with every option of the table. */
export function runCommand(environment: Environment, start: Start): Command {
  const command = addDaemonOptions(new Command("run").description("Run the daemon on this node"));
  return command.action(() => {
    const [foreign] = typedForPeople(command);
    if (foreign !== undefined) {
      throw new ConfigError(
        `run does not have --${foreign}; set --kubeconfig to a file whose current-context has it`,
      );
    }
    const { raw, ...from } = typedForDaemon(command, environment);
    return start(raw, from);
  });
}

/** Adds every option of the daemon, and the configuration file. */
export function addDaemonOptions(command: Command): Command {
  addOptions(command, configFileOptions, "Configuration file");
  for (const [heading, table] of Object.entries(subjects)) addOptions(command, table, heading);
  return addEnvironmentHelp(command, options);
}

/** The options of the daemon on the command line, else in the environment. */
export function typedForDaemon(command: Command, environment: Environment): TypedOptions {
  const raw: RawOptions = givenOptions(command, options, environment);
  const flags: RawOptions = givenOptions(command, options, {});
  const { config } = givenOptions(command, configFileOptions, environment);
  return {
    raw,
    fromEnvironment: new Set(Object.keys(raw).filter((name) => !Object.hasOwn(flags, name))),
    file: typeof config === "string" && config !== "" ? config : undefined,
  };
}
