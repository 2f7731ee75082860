import { Command, Option } from "commander";
import { listNodeMetadata, readNodeMetadata } from "../cluster/nodes.ts";
import { invalidValue, printable } from "../text/config-error.ts";
import { parseLongDurationMs } from "../time/duration.ts";
import { apiOf, type PersonIo } from "./access.ts";
import { noSuchNode } from "./admin.ts";
import { withCluster } from "./cluster-options.ts";
import { keptMetadata } from "./fleet.ts";
import { nodeNames } from "./node-name.ts";
import { dump, outputOption } from "./output.ts";

type Form = "text" | "wide" | "json" | "yaml";

interface Given {
  output: Form;
  limit: number;
  since?: number;
  headers: boolean;
}

const limitDefault = 20;
/** More than all nodes of the largest cluster keep. */
const limitMax = 100_000;

/**
 * `rebootd history [NODE...]`: the last cycles as the records on the Nodes have them, newest first. Reads only.
 */
export function historyCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("history")
      .description("Show the last reboots: when, why, how long each part took, and how they ended")
      .argument("[NODE...]", "The nodes; by default all", nodeNames)
      .addOption(
        new Option("--limit <NUMBER>", "Show so many cycles at most, the newest")
          .argParser(parseLimit)
          .default(limitDefault),
      )
      .addOption(
        new Option("--since <DURATION>", "Show those that ended in this time, such as 24h or 7d").argParser(
          parseSince,
        ),
      )
      .addOption(outputOption<Form>("text", "wide", "json", "yaml"))
      .option("--no-headers", "Print the rows alone"),
  );
  return command.action(async (names: readonly string[] = [], given: Given) => {
    const { output, limit, since, headers } = given;
    const api = apiOf(command, io);
    const nodes =
      names.length === 0
        ? await listNodeMetadata(api, { signal }, (metadata) => keptMetadata(metadata))
        : await Promise.all(names.map((name) => readNodeMetadata(api, name, signal)));
    const { historyText, pastCycles } = await import("./past-cycles.ts");
    const now = io.clock.wall();
    const from = since === undefined ? undefined : now - since;
    const found = nodes.filter((node) => node !== undefined);
    const past = pastCycles(found, { limit, from });
    if (output === "json" || output === "yaml") io.out(dump(output, past));
    else io.out(historyText(past, { isWide: output === "wide", hasHeaders: headers }, io.terminal, now));
    const missing = names.find((_, index) => nodes[index] === undefined);
    if (missing !== undefined) throw noSuchNode(missing);
  });
}

function parseLimit(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= limitMax) return limit;
  throw invalidValue("limit", printable(text), `must be a number from 1 to ${limitMax}, for example 50`);
}

function parseSince(text: string): number {
  const ms = parseLongDurationMs(text);
  if (ms !== undefined && ms > 0) return ms;
  throw invalidValue("since", printable(text), "must be a duration, for example 90m, 24h or 7d");
}
