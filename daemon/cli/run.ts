import { Command } from "commander";
import type { Environment } from "../config/environment.ts";
import { options, type RawOptions, subjects } from "../config/settings.ts";
import { ConfigError } from "../text/config-error.ts";
import { addEnvironmentHelp, addOptions, givenOptions, typedOptions } from "./options.ts";

/** The subcommand `run` with every option of the table. `start` gets what was given, as text. */
export function runCommand(environment: Environment, start: (raw: RawOptions) => Promise<void>): Command {
  const command = new Command("run").description("Run the daemon on this node");
  for (const [heading, table] of Object.entries(subjects)) addOptions(command, table, heading);
  return addEnvironmentHelp(command, options).action(() => {
    if (typedOptions(command)["context"] !== undefined) {
      throw new ConfigError(
        "run does not have --context; set --kubeconfig to a file with that current-context",
      );
    }
    return start(givenOptions(command, options, environment));
  });
}
