import { Command, Option } from "commander";
import { approvalIn, writeApproval } from "../annotations/approval.ts";
import { contract } from "../annotations/names.ts";
import { parsePriority, priorities } from "../annotations/priority.ts";
import { signed } from "../annotations/value.ts";
import type { Api } from "../cluster/api.ts";
import { listNodeMetadata } from "../cluster/nodes.ts";
import type { Metadata } from "../cluster/objects.ts";
import { isReason } from "../gates/reasons.ts";
import { byText } from "../text/by-text.ts";
import { ConfigError, invalidValue, printable } from "../text/config-error.ts";
import { count } from "../text/count.ts";
import { firstOf } from "../text/list.ts";
import { createLimit } from "../time/limit.ts";
import { apiOf, type PersonIo } from "./access.ts";
import { annotateNode, CommandRefused } from "./admin.ts";
import { withCluster } from "./cluster-options.ts";
import { keptMetadata } from "./fleet.ts";
import { nodeNames } from "./node-name.ts";
import { recordOf } from "./record-of.ts";
import { whoAmI } from "./who.ts";

interface Given {
  next?: number;
  all?: true;
  revoke?: true;
  reason?: string;
}

/** The nodes that are meant: named ones, the next so many, or all that wait for an approval. */
export type Approved = { nodes: readonly string[] } | { next: number };

/** At most so many requests are under way. */
const parallel = 10;
const shownMax = 20;

/**
 * `rebootd approve NODE...`, `--next N` or `--all`: nodes whose daemons have `--approval=manual` may start. Each
 * approval is good for one reboot.
 */
export function approveCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("approve")
      .description("Approve the next reboot of nodes whose daemons require that (--approval=manual)")
      .argument("[NODE...]", "The nodes, whether or not they wait for it now", nodeNames)
      .addOption(
        new Option(
          "--next <NUMBER>",
          "The next so many of those that wait for it: by priority, then by how long their reboot has been needed",
        ).argParser(parseNext),
      )
      .option("--all", "All that wait for it now")
      .option("--revoke", "Take the approval of these nodes back; a node that is being drained is restored")
      .option("--reason <TEXT>", "Reason, kept on the node"),
  );
  return command.action(async (nodes: readonly string[] = [], given: Given) => {
    const which = whichOf(nodes, given);
    const way = { ...io, api: apiOf(command, io) };
    io.out(
      given.revoke === true
        ? await revoke(way, nodes, signal)
        : await approve(way, which, given.reason, signal),
    );
  });
}

function parseNext(given: string): number {
  if (/^[1-9]\d{0,4}$/.test(given)) return Number(given);
  throw invalidValue("next", printable(given), "must be a number of nodes, for example 3");
}

function whichOf(nodes: readonly string[], { next, all, revoke, reason }: Given): Approved {
  const ways = [nodes.length > 0, next !== undefined, all === true].filter(Boolean).length;
  if (ways !== 1)
    throw new ConfigError(
      "approve requires one of NODE, --next and --all, for example rebootd approve worker-1",
    );
  if (revoke && nodes.length === 0)
    throw new ConfigError("approve: --revoke requires NODE, for example rebootd approve worker-1 --revoke");
  if (revoke && reason !== undefined)
    throw new ConfigError("approve: --revoke and --reason are mutually exclusive");
  return nodes.length > 0 ? { nodes } : { next: next ?? Number.POSITIVE_INFINITY };
}

type Way = Parameters<typeof annotateNode>[0] & { api: Api };

/** Approves with the name of the person. Resolves with the text to print. */
export async function approve(
  way: Way,
  which: Approved,
  reason: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const nodes = "nodes" in which ? which.nodes : await nextNodes(way.api, which.next, signal);
  if (nodes.length === 0) return "no node waits for an approval\n";
  const approved = writeApproval(signed(reason, await whoAmI(way.api, signal)));
  await onEach(way, nodes, { [contract.approved.key]: approved }, signal);
  return `approved: ${count(nodes.length, "node")} may start: ${firstOf(nodes, shownMax)}\n`;
}

/** Takes approvals back. Resolves with the text to print. */
export async function revoke(way: Way, nodes: readonly string[], signal: AbortSignal): Promise<string> {
  await onEach(way, nodes, { [contract.approved.key]: null }, signal);
  return `no longer approved: ${firstOf(nodes, shownMax)}\n`;
}

/** The nodes that wait for an approval, the one that would go first at first. */
export async function nextNodes(api: Api, max: number, signal: AbortSignal): Promise<readonly string[]> {
  const nodes = await listNodeMetadata(api, { signal }, (metadata) => keptMetadata(metadata));
  const waiting = nodes.filter(waitsForApproval).sort(byTurn);
  return waiting.slice(0, max).map(({ name = "" }) => name);
}

/** Whether it is Waiting for that, and has none by now. */
export function waitsForApproval(metadata: Metadata): boolean {
  const { record } = recordOf(metadata);
  const isApproved = approvalIn(metadata.annotations?.[contract.approved.key]);
  return (
    record?.phase === "Waiting" && !isApproved && record.reasons.some((one) => isReason(one, "approval"))
  );
}

function byTurn(a: Metadata, b: Metadata): number {
  return priorityOf(a) - priorityOf(b) || neededAt(a) - neededAt(b) || byText(a.name ?? "", b.name ?? "");
}

function priorityOf({ annotations }: Metadata): number {
  return priorities.indexOf(parsePriority(annotations?.[contract.priority.key]) ?? "normal");
}

function neededAt(metadata: Metadata): number {
  return Date.parse(recordOf(metadata).record?.need?.since ?? "") || 0;
}

/** Writes the annotations of all nodes; a CommandRefused names those for which it did not work. */
async function onEach(
  way: Way,
  nodes: readonly string[],
  annotations: Record<string, string | null>,
  signal: AbortSignal,
): Promise<void> {
  const limit = createLimit(parallel);
  const results = await Promise.allSettled(
    nodes.map((node) => limit(() => annotateNode(way, node, () => annotations, signal))),
  );
  signal.throwIfAborted();
  const failures = results.flatMap((one, index) =>
    one.status === "rejected" ? [`${nodes[index]}: ${(one.reason as Error).message}`] : [],
  );
  const [only] = failures;
  if (only === undefined) return;
  if (nodes.length === 1) throw (results[0] as PromiseRejectedResult).reason;
  const done = nodes.length - failures.length;
  throw new CommandRefused(
    `${done} of ${nodes.length} nodes were changed; not ${firstOf(failures, shownMax)}`,
  );
}
