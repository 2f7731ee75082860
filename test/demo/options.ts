import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";

export interface DemoOptions {
  nodes: number;
  concurrency: number;
  /** For each node. */
  pods: number;
  rebootSeconds: number;
  report: string | undefined;
  svg: string | undefined;
  keep: boolean;
}

/** The options, or how the process ends at once: with 0 after the help, with 2 after a value that cannot be. */
export type Parsed = { options: DemoOptions } | { exitCode: number; text: string };

export function parseOptions(args: readonly string[]): Parsed {
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  const command = new Command("npm run demo --")
    .description("Rolls reboots through a simulated cluster, with one real daemon process for each node.")
    .option("--nodes <number>", "how many nodes", wholeNumber(1, 50), 5)
    .option("--concurrency <number>", "how many may be down at one time", wholeNumber(1, 50), 1)
    .option("--pods <number>", "pods for each node", wholeNumber(0, 100), 4)
    .option("--reboot-seconds <number>", "how long a machine is down", seconds, 3)
    .option("--report <file>", "write what happened as JSON", fileToBe)
    .option("--svg <file>", "write the timeline as a picture", fileToBe)
    .option("--keep", "leave the cluster running after the roll, until Ctrl-C", false)
    .allowExcessArguments(false)
    // One line says what is wrong.
    .showSuggestionAfterError(false)
    .configureOutput({ writeOut: write, writeErr: write })
    .exitOverride();
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exitCode: error.exitCode === 0 ? 0 : 2, text };
  }
  const options = command.opts<DemoOptions>();
  if (options.concurrency > options.nodes) {
    const { concurrency, nodes } = options;
    const allowed = `allowed is a whole number from 1 to the number of nodes, ${nodes}`;
    return { exitCode: 2, text: `error: option '--concurrency <number>': '${concurrency}'; ${allowed}\n` };
  }
  return { options };
}

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Allowed is a whole number from ${min} to ${max}.`);
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= 0.1 && value <= 600) return value;
  throw new InvalidArgumentError("Allowed is a number of seconds from 0.1 to 600.");
}

/** A folder that is not there is better known now than after the roll. */
function fileToBe(text: string): string {
  if (text !== "" && existsSync(dirname(resolve(text)))) return text;
  throw new InvalidArgumentError("Allowed is a file in a folder that exists.");
}
