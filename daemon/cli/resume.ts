import { Command } from "commander";
import type { Carried } from "../lock/carrier.ts";
import { type Failures, isNone } from "../lock/failures.ts";
import { parsePause } from "../pause.ts";
import { accessOf, apiOf, type PersonIo, withAccess } from "./access.ts";
import { resumeNode } from "./pause.ts";
import { age, table } from "./text.ts";

/** `rebootd resume`: the pause of all nodes ends, and failures up to now no longer count, so that nodes start again. */
export function resumeCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("resume")
      .description(
        "let a node that was paused reboot again; without one, end the pause of all nodes, and let nodes start after too many have failed in a row",
      )
      .argument("[NODE]", "the node that was paused"),
  );
  return command.action(async (node: string | undefined) => {
    if (node !== undefined) return io.out(await resumeNode(apiOf(command, io), node, signal));
    const { carrier, clock } = accessOf(command, io);
    let found: Omit<Carried, "lock"> | undefined;
    await carrier.swap((carried) => {
      found = carried;
      const isPaused = carried.paused !== undefined;
      const hasFailures = !isNone(carried.failures);
      if (!isPaused && !hasFailures) return undefined;
      return { ...(isPaused && { paused: null }), ...(hasFailures && { failures: [] }) };
    }, signal);
    if (found !== undefined) io.out(resumeText(found, clock.wall()));
  });
}

/** What there was to end. */
function resumeText({ failures, paused }: Omit<Carried, "lock">, now: number): string {
  const isPaused = parsePause(paused) !== undefined;
  const texts = [
    ...(isPaused ? ["resumed: nodes reboot when they need to and may\n"] : []),
    ...(isNone(failures) ? [] : [failuresText(failures, now)]),
  ];
  return texts.length > 0 ? texts.join("\n") : "nothing was paused or halted\n";
}

function failuresText(failures: Failures, now: number): string {
  if (failures.state === "unreadable") return "resumed: the failures could not be read, and are gone\n";
  const rows = failures.failed.map(({ node, at, message }) => [node, age(at, now), message]);
  return `resumed: these failures no longer count\n\n${table(["FAILED", "SINCE", "WHY"], rows)}`;
}
