import { Command } from "commander";
import { ConfigError } from "../text/config-error.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";

/** `rebootd watch`: the nodes on a screen, live, until a key ends it. Reads only. */
export function watchCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("watch").description("Watch the nodes on a terminal: the lock, the wave, what waits and why"),
  );
  return command.action(async () => {
    const { screen } = io;
    if (screen === undefined) {
      throw new ConfigError("watch requires a terminal; rebootd status --watch prints each change elsewhere");
    }
    const access = await accessOf(command, io, signal);
    const { runWatch } = await import("./watch-run.ts");
    await runWatch(access, screen, signal);
  });
}
