import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import { parseRequest, writeRequest } from "../annotations/reboot-request.ts";
import { signed } from "../annotations/value.ts";
import type { Api } from "../cluster/api.ts";
import { isAtRest, isHeldBack, parseRecord, unfailed, writeRecord } from "../cycle/record.ts";
import { acceptedFrom, annotationText, partsOfRequest } from "../cycle/request.ts";
import { ConfigError } from "../text/config-error.ts";
import { oneLine } from "../text/one-line.ts";
import { apiOf, type PersonIo } from "./access.ts";
import { annotateNode } from "./admin.ts";
import { withCluster } from "./cluster-options.ts";
import { nodeNames } from "./node-name.ts";
import { selectorOption } from "./status.ts";
import { whoAmI } from "./who.ts";

interface Given {
  all?: true;
  selector?: string;
  reason?: string;
  urgent?: true;
  dryRun?: true;
}

/**
 * `rebootd reboot NODE...`, `--all` or `-l SELECTOR`: their reboot is needed from now on, until one is proved. The lock
 * lets them go one after the other.
 */
export function rebootCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("reboot")
      .description(
        "Request a reboot of nodes, whether or not they need one; each starts once it has a slot and no gate is closed",
      )
      .argument("[NODE...]", "The nodes", nodeNames)
      .option("--all", "All nodes with a daemon")
      .addOption(selectorOption())
      .option("--reason <TEXT>", "Reason, shown on each node")
      .option(
        "--urgent",
        "Start outside the window and despite active alerts; never past the lock, a pause or the drain",
      )
      .option("--dry-run", "Only show which reboots would be requested"),
  );
  return command.action(async (nodes: readonly string[] = [], given: Given) => {
    const { reason, selector, urgent = false, dryRun: isTrial = false } = given;
    const isAll = given.all === true || selector !== undefined;
    if (isAll && nodes.length > 0)
      throw new ConfigError("reboot: NODE and --all or --selector are mutually exclusive");
    if (!isAll && nodes.length === 0)
      throw new ConfigError("reboot requires NODE, --selector or --all, for example rebootd reboot worker-1");
    const way = { ...io, api: apiOf(command, io) };
    const [only, ...others] = nodes;
    if (only !== undefined && others.length === 0 && !isTrial)
      return io.out(await requestReboot(way, only, { reason, urgent }, signal));
    const { requestWave } = await import("./reboot-wave.ts");
    const request = isTrial ? "" : await requestText(way.api, { reason, urgent }, signal);
    const wave = { names: isAll ? undefined : nodes, selector, urgent, isTrial };
    await requestWave(way, wave, (before) => asking(before, request, way.clock.wall()), signal);
  });
}

/** The annotation, with the name of the person. */
async function requestText(
  api: Api,
  { reason, urgent }: { reason?: string | undefined; urgent: boolean },
  signal: AbortSignal,
): Promise<string> {
  const why = signed(reason, await whoAmI(api, signal));
  return writeRequest({ urgent, ...(why !== undefined && { reason: why }) });
}

function asking(
  annotations: Readonly<Record<string, string>>,
  request: string,
  now: number,
): Record<string, string> {
  return { [contract.request.key]: request, ...anew(annotations[contract.cycle.key], request, now) };
}

/** Requests a reboot, with the name of the person. Resolves with the text to print. */
export async function requestReboot(
  io: Parameters<typeof annotateNode>[0],
  node: string,
  given: { reason?: string | undefined; urgent: boolean },
  signal: AbortSignal,
): Promise<string> {
  const request = await requestText(io.api, given, signal);
  const before = await annotateNode(
    io,
    node,
    (annotations) => asking(annotations, request, io.clock.wall()),
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
