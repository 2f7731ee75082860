import { Command } from "commander";
import { parsePause, pausedText } from "../annotations/pause.ts";
import { type Failures, isNone } from "../lock/failures.ts";
import type { LockObjectState } from "../lock/lock-object.ts";
import { type Access, accessOf, apiOf, type PersonIo, withAccess } from "./access.ts";
import { nodeName, nodeOrAll } from "./node-name.ts";
import { resumeNode } from "./pause.ts";
import { age, paintedTable } from "./table.ts";
import { joined, type Terminal, type Text } from "./terminal.ts";

/**
 * `rebootd resume --all`: the pause of all nodes ends, and failures up to now no longer count, so that nodes
 * start again.
 */
export function resumeCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("resume")
      .description("Let a node that is paused, or has failed too often, reboot again; or all nodes")
      .argument("[NODE]", "The node", nodeName)
      .option("--all", "All nodes: end their pause, and reset the count of failures in a row"),
  );
  return command.action(async (given: string | undefined, { all = false }: { all?: boolean }) => {
    const node = nodeOrAll("resume", given, all);
    if (node !== undefined) {
      return io.out(await resumeNode({ ...io, api: apiOf(command, io) }, node, signal));
    }
    io.out(await resumeAll(await accessOf(command, io, signal), io.terminal, signal));
  });
}

/** Ends the pause of all nodes, and a halt. Resolves with the text to print on this terminal. */
export async function resumeAll(
  { lockObject, clock }: Pick<Access, "lockObject" | "clock">,
  terminal: Pick<Terminal, "columns">,
  signal: AbortSignal,
): Promise<Text> {
  let found: Omit<LockObjectState, "lock"> | undefined;
  await lockObject.swap((state) => {
    found = state;
    const isPaused = state.paused !== undefined;
    const hasFailures = !isNone(state.failures);
    if (!isPaused && !hasFailures) return undefined;
    return { ...(isPaused && { paused: null }), ...(hasFailures && { failures: [] }) };
  }, signal);
  return found === undefined ? "" : resumeText(found, terminal, clock.wall());
}

/** The text to print: everything that was ended. */
function resumeText(
  { failures, paused }: Omit<LockObjectState, "lock">,
  terminal: Pick<Terminal, "columns">,
  now: number,
): Text {
  const pause = parsePause(paused);
  const texts: readonly Text[] = [
    ...(pause === undefined ? [] : [`resumed: nodes may reboot\nbefore: ${pausedText(pause)}\n`]),
    ...(isNone(failures) ? [] : [failuresText(failures, terminal, now)]),
  ];
  return texts.length > 0 ? joined(texts, "\n") : "nothing is paused or halted\n";
}

function failuresText(failures: Failures, terminal: Pick<Terminal, "columns">, now: number): Text {
  if (failures.state === "unreadable") return "unreadable failure count reset; nodes may start\n";
  const rows = failures.failed.map(({ node, at, message }) => [node, age(at, now), message]);
  return [
    "failure count reset; nodes may start\n\n",
    paintedTable(["FAILED", "SINCE", "WHY"], rows, terminal),
  ];
}
