import type { OptionTable } from "../option.ts";
import { text } from "../values.ts";

/** The option that names the configuration file, and so cannot be in it. */
export const configFileOptions = {
  config: {
    type: text({ rule: "must be a file, for example /etc/rebootd/config.yaml", like: /^\P{Cc}+$/u }),
    placeholder: "FILE",
    help: "YAML file with options, each under its name in camel case; the command line and the environment go before it; read again when it changes",
  },
} as const satisfies OptionTable;
