import { Command, Option } from "commander";
import * as z from "zod/mini";
import { labelSelector } from "../config/values.ts";
import { phases } from "../cycle/record.ts";
import { invalidValue, printable } from "../text/config-error.ts";
import { iso } from "../time/iso.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { type ClusterStatus, fleetStatus, type Selection } from "./cluster-status.ts";
import { type Fleet, readFleet } from "./fleet.ts";
import { typedValue } from "./options.ts";
import { dump, outputOption } from "./output.ts";
import { statusText, statusView } from "./status-text.ts";
import { paint, type Terminal, type Text } from "./terminal.ts";

type Form = "text" | "wide" | "json" | "yaml" | "name";

interface Given {
  output: Form;
  watch?: true;
  selector?: string;
  phase?: ReadonlySet<string>;
  blocked?: true;
  headers: boolean;
}

/** Phases of records, and those of nodes whose record is missing or cannot be read. */
const shownPhases = [...phases, "Gone", "Unknown"] as const;

/** `rebootd status`: the holders of the lock, the nodes that wait, and their reasons. Reads only. */
export function statusCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("status")
      .description("Show which nodes hold the lock, which wait, since when and why")
      .option("-w, --watch", "Go on, and show each change")
      .addOption(selectorOption())
      .addOption(phaseOption())
      .option("--blocked", "Only nodes that wait or have failed, and why")
      .option("--no-headers", "Only rows of nodes, without headings and sentences")
      .addOption(outputOption<Form>("text", "wide", "json", "yaml", "name")),
  );
  return command.action(async (given: Given) => {
    const access = await accessOf(command, io, signal);
    const { selector } = given;
    if (given.watch === undefined)
      return io.out(shown(await readFleet(access, signal, selector), given, io.terminal));
    const { runLiveView } = await import("./live-view.ts");
    const ending = io.readerGone === undefined ? signal : AbortSignal.any([signal, io.readerGone]);
    const { screen } = io;
    if (screen !== undefined) {
      const onDraw = (fleet: Fleet, trouble: string | undefined) => {
        const now = { ...fleet, at: access.clock.wall() };
        screen.redraw([...troubleLine(trouble), shown(now, given, io.terminal)]);
      };
      return await runLiveView(access, { onDraw, everyMs: 1000, labelSelector: selector }, ending);
    }
    await runLiveView(access, { onDraw: printer(given, io), labelSelector: selector }, ending);
  });
}

/** Prints a status for each change of it, with the time between two of them; troubles are for `err`. */
function printer(given: Given, io: PersonIo): (fleet: Fleet, trouble: string | undefined) => void {
  let printed: string | undefined;
  let reported: string | undefined;
  return (fleet, trouble) => {
    if (trouble !== reported && trouble !== undefined) io.err(`rebootd: ${trouble}; trying again\n`);
    reported = trouble;
    // Ages alone are no change.
    const key = statusText(fleetStatus(fleet, selectionOf(given), 0), true, 0);
    if (key === printed) return;
    const between = printed === undefined ? "" : (separators[given.output]?.(fleet.at) ?? "");
    printed = key;
    io.out([between, shown(fleet, given, io.terminal)]);
  };
}

/** Between two statuses; documents of JSON follow each other, as those of kubectl do. */
const separators: Partial<Record<Form, (at: number) => string>> = {
  text: (at) => `\n--- ${iso(at)}\n`,
  wide: (at) => `\n--- ${iso(at)}\n`,
  yaml: () => "---\n",
};

function troubleLine(trouble: string | undefined): Text[] {
  return trouble === undefined ? [] : [paint("trouble", `not up to date: ${trouble}\n`)];
}

function selectionOf({ phase, blocked }: Given): Selection {
  return { phases: phase, isBlocked: blocked ?? false };
}

/** Pure: the status in the form that was asked for. */
function shown(fleet: Fleet, given: Given, terminal: Pick<Terminal, "columns">): Text {
  const status = fleetStatus(fleet, selectionOf(given));
  switch (given.output) {
    case "text":
    case "wide":
      return statusView(
        status,
        { isWide: given.output === "wide", hasHeaders: given.headers, terminal },
        fleet.at,
      );
    case "json":
    case "yaml":
      return dump(given.output, status);
    case "name":
      return namesOf(status);
    default:
      return given.output satisfies never;
  }
}

/** Names in the form that kubectl prints; a holder that is gone has none. */
function namesOf({ holders, others }: ClusterStatus): string {
  const nodes = [...holders, ...others].filter(({ phase }) => phase !== "Gone");
  return nodes.map(({ node }) => `node/${node}\n`).join("");
}

/** `-l SELECTOR`, as kubectl's. The server evaluates it. */
export function selectorOption(): Option {
  return new Option(
    "-l, --selector <SELECTOR>",
    "Only nodes with these labels, for example pool=db",
  ).argParser((given: string) => {
    const text = typedValue(given);
    if (z.safeParse(labelSelector, text).success) return text;
    throw invalidValue(
      "selector",
      printable(given),
      "must be a label selector, for example pool=db,zone!=a or 'pool in (db, web)'",
    );
  });
}

function phaseOption(): Option {
  const known = new Map(shownPhases.map((phase) => [phase.toLowerCase(), phase]));
  const option = new Option("--phase <PHASE,...>", "Only nodes in these phases").argParser(
    (given: string, before?: ReadonlySet<string>) => {
      const named = given.split(",").map((one) => known.get(one.trim().toLowerCase()));
      const found = named.filter((one) => one !== undefined);
      if (found.length === named.length) return new Set([...(before ?? []), ...found]);
      throw invalidValue("phase", printable(given), `must be a list of ${shownPhases.join(", ")}`);
    },
  );
  option.argChoices = [...known.keys()];
  return option;
}
