import { Command } from "commander";
import { requestedAnnotation, writeRequest } from "../cycle/request.ts";
import { apiOf, type PersonIo, withCluster } from "./access.ts";
import { annotateNode } from "./deed.ts";

/** `rebootd reboot NODE`: its reboot is needed from now on, until one is proved. */
export function rebootCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("reboot")
      .description("have a node reboot as soon as nothing speaks against it, whether or not it needs to")
      .argument("<NODE>", "the node")
      .option("--reason <TEXT>", "why; shown on the node")
      .option(
        "--urgent",
        "outside the window and whatever alerts are active; never past the lock, a pause or the drain",
      ),
  );
  return command.action(
    async (node: string, { reason, urgent = false }: { reason?: string; urgent?: boolean }) => {
      const request = writeRequest({ urgent, ...(reason && { reason }) });
      await annotateNode(apiOf(command, io), node, { [requestedAnnotation]: request }, signal);
      io.out(`requested: rebootd explain ${node} says what it waits for\n`);
    },
  );
}
