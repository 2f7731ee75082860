import { Command } from "commander";
import type { Environment } from "../config/environment.ts";
import { ConfigError, type OptionName, options, type RawOptions } from "../config/options.ts";
import { addOptions, givenOptions, typedOptions } from "./options.ts";

const names = Object.keys(options) as OptionName[];

/** The subcommand `run` with every option of the table. `start` gets what was given, as text. */
export function runCommand(environment: Environment, start: (raw: RawOptions) => Promise<void>): Command {
  const command = new Command("run").description("watch this node and reboot it when it needs it and may");
  return addOptions(command, names).action(() => {
    if (typedOptions(command)["context"] !== undefined) {
      throw new ConfigError("--context: run has no such option; name a kubeconfig with that current-context");
    }
    return start(givenOptions(command, names, environment));
  });
}
