import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import { parseRequest, writeRequest } from "../annotations/reboot-request.ts";
import { signed } from "../annotations/value.ts";
import { isAtRest, isHeldBack, parseRecord, unfailed, writeRecord } from "../cycle/record.ts";
import { acceptedFrom, annotationText, partsOfRequest } from "../cycle/request.ts";
import { oneLine } from "../text/one-line.ts";
import { apiOf, type PersonIo } from "./access.ts";
import { annotateNode } from "./admin.ts";
import { withCluster } from "./cluster-options.ts";
import { nodeName } from "./node-name.ts";
import { whoAmI } from "./who.ts";

/** `rebootd reboot NODE`: its reboot is needed from now on, until one is proved. */
export function rebootCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("reboot")
      .description(
        "Request a reboot of a node, whether or not it needs one; it starts once no gate is closed",
      )
      .argument("<NODE>", "The node", nodeName)
      .option("--reason <TEXT>", "Reason, shown on the node")
      .option(
        "--urgent",
        "Start outside the window and despite active alerts; never past the lock, a pause or the drain",
      ),
  );
  return command.action(
    async (node: string, { reason, urgent = false }: { reason?: string; urgent?: boolean }) => {
      io.out(await requestReboot({ ...io, api: apiOf(command, io) }, node, { reason, urgent }, signal));
    },
  );
}

/** Requests a reboot, with the name of the person. Resolves with the text to print. */
export async function requestReboot(
  io: Parameters<typeof annotateNode>[0],
  node: string,
  { reason, urgent }: { reason?: string | undefined; urgent: boolean },
  signal: AbortSignal,
): Promise<string> {
  const why = signed(reason, await whoAmI(io.api, signal));
  const request = writeRequest({ urgent, ...(why !== undefined && { reason: why }) });
  const before = await annotateNode(
    io,
    node,
    (annotations) => ({
      [contract.request.key]: request,
      ...anew(annotations[contract.cycle.key], request, io.clock.wall()),
    }),
    signal,
  );
  const was = parseRequest(before[contract.request.key]);
  const replaced = was && `before: requested${was.reason === undefined ? "" : `: ${oneLine(was.reason)}`}\n`;
  return `reboot requested; see rebootd explain ${node}\n${replaced ?? ""}`;
}

/**
 * The daemon tells a new request by its text: the same text again would change nothing for a node that backs
 * off or was given up. Nor would a request that the daemon does not accept yet, so soon after the last. A
 * person at a keyboard means it, so this resets the counters of the record. Pure.
 */
export function anew(annotation: string | undefined, request: string, now: number): Record<string, string> {
  const { record } = parseRecord(annotation);
  if (record === undefined || !isAtRest(record)) return {};
  const text = annotationText(request);
  const isKnown = partsOfRequest(record.request).annotation === text && isHeldBack(record);
  if (!isKnown && acceptedFrom(record, text, now) === undefined) return {};
  return { [contract.cycle.key]: writeRecord({ ...record, ...unfailed }) };
}
