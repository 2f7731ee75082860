import { Command, Option } from "commander";
import { invalidValue, printable } from "../text/config-error.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { credentialsOf } from "./cluster-options.ts";

interface Given {
  port: number;
  open: boolean;
  allowChanges?: boolean;
}

/** `rebootd ui`: a page on this machine that shows the fleet live, with the rights of the person. */
export function uiCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("ui")
      .description("Show the fleet on a page in the browser, live, until Ctrl-C")
      .addOption(
        new Option("--port <NUMBER>", "Port on 127.0.0.1; 0 is any free one").default(0).argParser(parsePort),
      )
      .option("--no-open", "Print the address only, and open no browser")
      .option("--allow-changes", "Let the page pause, resume, reboot, lock and unlock; it asks each time"),
  );
  return command.action(async ({ port, open, allowChanges = false }: Given) => {
    const access = await accessOf(command, io, signal);
    // Code of the page is loaded where it is used, and never by the daemon.
    const { serveUi } = await import("../ui/serve.ts");
    const { openBrowser } = await import("../ui/open-browser.ts");
    const cluster = io.clusterName?.(credentialsOf(command, io.environment)) ?? "";
    const options = { port, canChange: allowChanges, cluster, openBrowser: open ? openBrowser : undefined };
    await serveUi(access, options, io, signal);
  });
}

function parsePort(given: string): number {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (port <= 65_535) return port;
  throw invalidValue("port", printable(given), "must be a number from 0 to 65535, for example 8080");
}
