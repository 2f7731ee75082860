import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import type { Api } from "../cluster/api.ts";
import { readNodeMetadata } from "../cluster/nodes.ts";
import { isUnderWay } from "../cycle/record.ts";
import { type LockValue, manualHolders, nodeHolders } from "../lock/lock.ts";
import { unlockByHand, type Which } from "../lock/manual.ts";
import { exclusiveOptions } from "../text/config-error.ts";
import { oneLine } from "../text/one-line.ts";
import { type Access, accessOf, type PersonIo, withAccess } from "./access.ts";
import { editLock } from "./admin.ts";
import { wasLocked } from "./lock.ts";
import { nodeName } from "./node-name.ts";

interface Given {
  manual?: true;
  all?: true;
}

/** `rebootd unlock`: takes back a `rebootd lock`, one node's slot, or everything. */
export function unlockCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("unlock")
      .description("Let reboots go on: remove a manual lock, the slot of a node, or everything from the lock")
      .argument(
        "[NODE]",
        "Remove the slot of this node; a cycle that still runs ends before the reboot, and a node that is down no longer counts",
        nodeName,
      )
      .option("--manual", "Remove manual locks (the default)")
      .option("--all", "Remove everything, also entries that cannot be read"),
  );
  return command.action(async (node: string | undefined, given: Given) => {
    const asked = whichOf(node, given);
    io.out(await unlock(await accessOf(command, io, signal), asked, signal));
  });
}

/** Removes entries from the lock. Resolves with the text to print. */
export async function unlock(
  { api, lockObject, clock }: Pick<Access, "api" | "lockObject" | "clock">,
  asked: Which,
  signal: AbortSignal,
): Promise<string> {
  const which =
    typeof asked === "object" ? { ...asked, isDown: await isDown(api, asked.node, signal) } : asked;
  const plan = (lock: LockValue) => unlockByHand(lock, which, clock.wall());
  const { before } = await editLock(lockObject, plan, signal);
  if (which === "manual" && manualHolders(before).length === 0) return notLocked(before);
  const what =
    typeof which === "object"
      ? `the slot of ${which.node} was released`
      : which === "all"
        ? "all entries were removed"
        : "no longer locked manually";
  return `unlocked: ${what}\n${which === "manual" ? wasLocked(before) : ""}`;
}

/** Entries of nodes are not manual ones, and stay. */
function notLocked(before: LockValue): string {
  const holders = nodeHolders(before).map(({ nodeID }) => oneLine(nodeID));
  const rest = holders.length === 0 ? "" : `; these nodes hold a slot: ${holders.join(", ")}`;
  return `not locked manually${rest}\n`;
}

async function isDown(api: Api, node: string, signal: AbortSignal): Promise<boolean> {
  const found = await readNodeMetadata(api, node, signal);
  return isUnderWay(found?.annotations?.[contract.cycle.key]);
}

function whichOf(node: string | undefined, { manual, all }: Given): Which {
  const asked = [node && "NODE", manual && "--manual", all && "--all"].filter((one) => one !== undefined);
  const [one, other] = asked;
  if (one !== undefined && other !== undefined) throw exclusiveOptions(one, other);
  if (node !== undefined) return { node };
  return all ? "all" : "manual";
}
