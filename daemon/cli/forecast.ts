import { Command, Option } from "commander";
import { daysDefault, daysMax } from "../forecast/input.ts";
import type { Forecast } from "../forecast/result.ts";
import { invalidValue, printable } from "../text/config-error.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { CommandRefused, noSuchNode } from "./admin.ts";
import { nodeNames } from "./node-name.ts";
import { dump, outputOption } from "./output.ts";
import { parseComingTime } from "./pause.ts";

type Form = "text" | "json" | "yaml";

interface Given {
  output: Form;
  days: number;
  at?: string;
  ifAllNeed?: true;
  ics?: string;
}

/**
 * `rebootd forecast [NODE...]`: when which node would reboot, by the code that decides in the daemons, in virtual time over
 * the cluster as it is now. Reads only.
 */
export function forecastCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("forecast")
      .description("Show when which node would reboot, if nothing but the daemons changed the cluster")
      .argument("[NODE...]", "The nodes; by default all that need a reboot", nodeNames)
      .option(
        "--at <TIME>",
        "Begin then, with the cluster as it is now: a time such as 2026-12-24T06:00:00Z, or a duration such as 8h",
      )
      .addOption(
        new Option("--days <NUMBER>", `Look so many days ahead, at most ${daysMax}`)
          .argParser(parseDays)
          .default(daysDefault),
      )
      .option("--if-all-need", "As if each node needed a reboot")
      .option("--ics <FILE>", "Write the windows and reboots to a file for calendars (iCalendar)")
      .addOption(outputOption<Form>("text", "json", "yaml")),
  );
  return command.action(async (names: readonly string[] = [], given: Given) => {
    const { output, days, at, ifAllNeed = false, ics } = given;
    const from = at === undefined ? undefined : parseComingTime("at", at, io.clock.wall());
    const access = await accessOf(command, io, signal);
    const [{ forecast }, { readForecastInput }] = await Promise.all([
      import("../forecast/forecast.ts"),
      import("./forecast-input.ts"),
    ]);
    const input = await readForecastInput(access, signal);
    const missing = names.find((name) => !input.nodes.some((node) => node.name === name));
    if (missing !== undefined) throw noSuchNode(missing);
    const whole = forecast(input, { from: from ?? input.at, days, ifAllNeed });
    const found = names.length === 0 ? whole : only(whole, names);
    if (ics !== undefined) {
      const { icalendar } = await import("../forecast/icalendar.ts");
      await write(io, ics, icalendar(found, input.at));
    }
    if (output !== "text") return io.out(dump(output, found));
    const { forecastText } = await import("./forecast-text.ts");
    const zone = input.daemons[0]?.window.zone ?? "UTC";
    io.out(forecastText(found, { zone, isNamed: names.length > 0, terminal: io.terminal, now: input.at }));
  });
}

async function write({ writeText }: PersonIo, file: string, text: string): Promise<void> {
  const named = printable(file);
  if (writeText === undefined) throw new CommandRefused(`no file can be written here: ${named}`);
  try {
    await writeText(file, text);
  } catch (error) {
    throw new CommandRefused(`cannot write ${named}: ${(error as Error).message}`);
  }
}

function only(forecast: Forecast, names: readonly string[]): Forecast {
  return { ...forecast, nodes: forecast.nodes.filter(({ node }) => names.includes(node)) };
}

function parseDays(text: string): number {
  const days = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= daysMax) return days;
  throw invalidValue("days", printable(text), `must be a number from 1 to ${daysMax}`);
}
