import { Command } from "commander";
import { signed } from "../annotations/value.ts";
import { lockedManually } from "../lock/limits.ts";
import { type LockValue, manualHolders, nodeHolders } from "../lock/lock.ts";
import { lockByHand } from "../lock/manual.ts";
import { oneLine } from "../text/one-line.ts";
import { type Access, accessOf, type PersonIo, withAccess } from "./access.ts";
import { editLock } from "./admin.ts";
import { whoAmI } from "./who.ts";

/** `rebootd lock`: no node starts a cycle until `rebootd unlock`. */
export function lockCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("lock")
      .description("Stop all new reboots until rebootd unlock")
      .option("--reason <TEXT>", "Reason, shown on each node that waits"),
  );
  return command.action(async ({ reason }: { reason?: string }) => {
    io.out(await lockManually(await accessOf(command, io, signal), reason, signal));
  });
}

/** Adds a manual lock, with the name of the person. Resolves with the text to print. */
export async function lockManually(
  { api, lockObject, clock }: Pick<Access, "api" | "lockObject" | "clock">,
  reason: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const why = signed(reason, await whoAmI(api, signal));
  const plan = (found: LockValue) => lockByHand(found, why, clock.wall());
  const { before, lock } = await editLock(lockObject, plan, signal);
  const busy = nodeHolders(lock);
  const names = busy.map(({ nodeID }) => oneLine(nodeID)).join(", ");
  const rest = busy.length > 0 ? `; these nodes hold a slot and finish their cycle: ${names}` : "";
  return `locked: no node starts a reboot until rebootd unlock${rest}\n${wasLocked(before)}`;
}

/** A line for each manual entry that was there. Entries with other names stay beside the new one. */
export function wasLocked(before: LockValue): string {
  return manualHolders(before)
    .map(
      (holder) =>
        `before: ${lockedManually(holder)}${holder.since === undefined ? "" : ` (since ${holder.since})`}`,
    )
    .map((line) => `${oneLine(line)}\n`)
    .join("");
}
