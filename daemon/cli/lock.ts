import { Command } from "commander";
import { lockByHand } from "../lock/by-hand.ts";
import { nodeHolders } from "../lock/slots.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { perform } from "./deed.ts";

/** `rebootd lock`: no node starts a cycle until `rebootd unlock`. */
export function lockCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("lock")
      .description("stop all new reboots, until rebootd unlock")
      .option("--reason <TEXT>", "why; shown on each node that waits"),
  );
  return command.action(async ({ reason }: { reason?: string }) => {
    const { carrier, clock } = accessOf(command, io);
    const lock = await perform(carrier, (found) => lockByHand(found, reason, clock.wall()), signal);
    const busy = nodeHolders(lock);
    const names = busy.map(({ nodeID }) => nodeID).join(", ");
    const rest = busy.length > 0 ? `; holding a slot, and going on to the end of the cycle: ${names}` : "";
    io.out(`locked: no node starts to reboot until rebootd unlock${rest}\n`);
  });
}
