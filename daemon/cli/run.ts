import { Command } from "commander";
import type { Environment } from "../config/environment.ts";
import { type OptionName, options, type RawOptions } from "../config/options.ts";
import { addOptions, givenOptions } from "./options.ts";

const names = Object.keys(options) as OptionName[];

/** The subcommand `run` with every option of the table. `start` gets what was given, as text. */
export function runCommand(environment: Environment, start: (raw: RawOptions) => Promise<void>): Command {
  const command = new Command("run").description("watch this node and reboot it when it needs it and may");
  return addOptions(command, names).action(() => start(givenOptions(command, names, environment)));
}
