import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { ConfigError, invalidValue, printable } from "../../daemon/text/config-error.ts";

export interface DemoOptions {
  nodes: number;
  concurrency: number;
  /** For each node. */
  pods: number;
  rebootSeconds: number;
  report: string | undefined;
  svg: string | undefined;
  keep: boolean;
  /** Serves the page beside the demo, and keeps all of it until Ctrl-C. */
  ui: boolean;
}

/** The options, or how the process ends at once: with 0 after the help, with 2 after an invalid value. */
export type Parsed = { options: DemoOptions } | { exitCode: number; text: string };

export function parseOptions(args: readonly string[]): Parsed {
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  const command = new Command("npm run demo --")
    .description("Rolls reboots through a simulated cluster, with one real daemon process for each node.")
    .option("--nodes <number>", "how many nodes", wholeNumber("nodes", 1, 50), 5)
    .option(
      "--concurrency <number>",
      "how many may be down at one time",
      wholeNumber("concurrency", 1, 50),
      1,
    )
    .option("--pods <number>", "pods for each node", wholeNumber("pods", 0, 100), 4)
    .option("--reboot-seconds <number>", "how long a machine is down", seconds, 3)
    .option("--report <file>", "write what happened as JSON", fileToBe("report"))
    .option("--svg <file>", "write the timeline as a picture", fileToBe("svg"))
    .option("--keep", "leave the cluster running after the roll, until Ctrl-C", false)
    .option("--ui", "serve the page of `rebootd ui` for it, until Ctrl-C", false)
    .allowExcessArguments(false)
    // The error is one line.
    .showSuggestionAfterError(false)
    .configureOutput({ writeOut: write, writeErr: write })
    .exitOverride();
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (error instanceof ConfigError) return { exitCode: 2, text: `error: ${error.message}\n` };
    if (!(error instanceof CommanderError)) throw error;
    return { exitCode: error.exitCode === 0 ? 0 : 2, text };
  }
  const options = command.opts<DemoOptions>();
  if (options.concurrency > options.nodes) {
    const rule = `must be at most the number of nodes, for example ${options.nodes}`;
    const { message } = invalidValue("concurrency", printable(`${options.concurrency}`), rule);
    return { exitCode: 2, text: `error: ${message}\n` };
  }
  return { options };
}

function wholeNumber(option: string, min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw invalidValue(
      option,
      printable(text),
      `must be a whole number from ${min} to ${max}, for example 3`,
    );
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.1 && value <= 600) return value;
  const rule = "must be a number of seconds from 0.1 to 600, for example 1.5";
  throw invalidValue("reboot-seconds", printable(text), rule);
}

/** Checks now that the folder exists: after the roll it would be too late. */
function fileToBe(option: string) {
  return (text: string): string => {
    if (text !== "" && existsSync(dirname(resolve(text)))) return text;
    const rule = "must be a file in a folder that exists, for example ./roll.txt";
    throw invalidValue(option, printable(text), rule);
  };
}
