import { Command } from "commander";
import { parseTable } from "../config/option.ts";
import { lockPlace, placeOptions } from "../config/options/lock.ts";
import { count } from "../text/count.ts";
import { accessOf, apiOf, type PersonIo, withAccess } from "./access.ts";
import { CommandRefused } from "./admin.ts";
import { givenOptions } from "./options.ts";
import { dump, outputOption } from "./output.ts";

type Form = "text" | "json" | "yaml";

/**
 * `rebootd check`: looks over the installation, and says how to mend what is wrong. Reads only. Exit code 1
 * where something has failed.
 */
export function checkCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("check")
      .description("Look over the installation: rights, versions, options, lock, servers; each with a fix")
      .addOption(outputOption<Form>("text", "json", "yaml")),
  );
  return command.action(async ({ output }: { output: Form }) => {
    // Invalid options are refused before the cluster is asked.
    lockPlace(parseTable(placeOptions, givenOptions(command, placeOptions, io.environment)));
    const { checkText, checkup } = await import("./check/checkup.ts");
    const found = await checkup({
      api: apiOf(command, io),
      clock: io.clock,
      environment: io.environment,
      signal,
      openAccess: (err) => accessOf(command, { ...io, err }, signal),
    });
    io.out(output === "text" ? checkText(found, io.terminal) : dump(output, found));
    if (found.count.failed > 0)
      throw new CommandRefused(`${count(found.count.failed, "check")} failed, see its fix`);
  });
}
