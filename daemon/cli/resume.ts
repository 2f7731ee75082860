import { Command } from "commander";
import { type Failures, parseFailures } from "../lock/failures.ts";
import { accessOf, apiOf, type PersonIo, withAccess } from "./access.ts";
import { resumeNode } from "./pause.ts";
import { age, table } from "./text.ts";

/** `rebootd resume`: failures up to now no longer count, so that nodes start again. */
export function resumeCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("resume")
      .description(
        "let a node that was paused reboot again; without one, let nodes start after too many have failed in a row",
      )
      .argument("[NODE]", "the node that was paused"),
  );
  return command.action(async (node: string | undefined) => {
    if (node !== undefined) return io.out(await resumeNode(apiOf(command, io), node, signal));
    const { carrier, clock } = accessOf(command, io);
    let found: Failures = parseFailures(undefined);
    await carrier.swap(({ failures }) => {
      found = failures;
      const isNothing = failures.state === "readable" && failures.failed.length === 0;
      return isNothing ? undefined : { failures: [] };
    }, signal);
    io.out(resumeText(found, clock.now()));
  });
}

export function resumeText(found: Failures, now: number): string {
  if (found.state === "unreadable") return "resumed: what was there could not be read, and is gone\n";
  if (found.failed.length === 0) return "nothing was halted\n";
  const rows = found.failed.map(({ node, at, message }) => [node, age(at, now), message]);
  return `resumed: these failures no longer count\n\n${table(["FAILED", "SINCE", "WHY"], rows)}`;
}
