import { Command } from "commander";
import type { Environment } from "../config/environment.ts";
import { options, type RawOptions, subjects } from "../config/settings.ts";
import { ConfigError } from "../text/config-error.ts";
import { typedForPeople } from "./cluster-options.ts";
import { addEnvironmentHelp, addOptions, givenOptions } from "./options.ts";

/** The subcommand `run` with every option of the table. `start` gets what was given, as text. */
export function runCommand(environment: Environment, start: (raw: RawOptions) => Promise<void>): Command {
  const command = new Command("run").description("Run the daemon on this node");
  for (const [heading, table] of Object.entries(subjects)) addOptions(command, table, heading);
  return addEnvironmentHelp(command, options).action(() => {
    const [foreign] = typedForPeople(command);
    if (foreign !== undefined) {
      throw new ConfigError(
        `run does not have --${foreign}; set --kubeconfig to a file whose current-context has it`,
      );
    }
    return start(givenOptions(command, options, environment));
  });
}
