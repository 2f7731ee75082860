import { Command, Option } from "commander";
import { ConfigError, invalidValue, printable } from "../text/config-error.ts";
import { anyOf } from "../text/list.ts";
import { parseLongDurationMs } from "../time/duration.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { nodeNames } from "./node-name.ts";
import { typedValue } from "./options.ts";
import { selectorOption } from "./status.ts";
import { type WaitCondition, waitConditions } from "./wait-conditions.ts";

interface Given {
  all?: true;
  selector?: string;
  for: WaitCondition;
  timeout: number;
}

const timeoutDefaultMs = 30 * 60_000;
/**
 * `rebootd wait NODE...` or `--all`: waits until the condition is true for each of the nodes. Exit code 1 as
 * soon as it cannot come true for one of them, 3 at the timeout. Reads only.
 */
export function waitCommand(io: PersonIo, signal: AbortSignal): Command {
  const names = Object.keys(waitConditions) as WaitCondition[];
  const meanings = Object.entries(waitConditions).map(([name, meaning]) => `${name} (${meaning})`);
  const command = withAccess(
    new Command("wait")
      .description("Wait until nodes are idle, rebooted, waiting or failed")
      .argument("[NODE...]", "The nodes", nodeNames)
      .option("--all", "All nodes that there are when the wait begins")
      .addOption(selectorOption())
      .addOption(
        new Option("--for <CONDITION>", `Condition: ${meanings.join("; ")}`)
          .argParser((given: string) => {
            const known = names.find((name) => name === typedValue(given).toLowerCase());
            if (known !== undefined) return known;
            throw invalidValue("for", printable(given), `must be ${anyOf(names)}`);
          })
          .default("idle"),
      )
      .addOption(
        new Option(
          "--timeout <DURATION>",
          "End of the wait, such as 90s, 30m or 2d; 0 looks once (default: 30m)",
        )
          .argParser(parseTimeout)
          .default(timeoutDefaultMs, "30m"),
      ),
  );
  return command.action(async (given: readonly string[] = [], options: Given) => {
    const isAll = options.all === true || options.selector !== undefined;
    if (isAll && given.length > 0) {
      throw new ConfigError("wait: NODE and --all or --selector are mutually exclusive");
    }
    if (!isAll && given.length === 0) {
      throw new ConfigError("wait requires NODE, --selector or --all, for example rebootd wait worker-1");
    }
    const access = await accessOf(command, io, signal);
    const { awaitNodes } = await import("./wait-nodes.ts");
    await awaitNodes(access, io, isAll ? undefined : given, options, signal);
  });
}

function parseTimeout(given: string): number {
  const text = typedValue(given);
  const ms = text === "0" ? 0 : parseLongDurationMs(text);
  if (ms !== undefined && Number.isFinite(ms) && ms >= 0) return ms;
  throw invalidValue("timeout", printable(given), "must be a duration, for example 90s, 30m or 2d");
}
