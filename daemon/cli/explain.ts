import { Command } from "commander";
import { unlessNotFound } from "../cluster/api.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import { isReady } from "../cluster/nodes.ts";
import { type Node, type Pod, paths } from "../cluster/objects.ts";
import { restsUntil } from "../cycle/at-rest.ts";
import { type CycleRecord, type Phase, parseRecord, recordAnnotation } from "../cycle/record.ts";
import type { Carried, LockPlace } from "../lock/carrier.ts";
import { oneLine } from "../one-line.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { statusOf } from "./cluster-status.ts";
import { noSuchNode } from "./deed.ts";
import { nodeName } from "./node-name.ts";
import { age } from "./text.ts";

/** `rebootd explain NODE`: why it has not rebooted, in words, from what it says itself. Reads only. */
export function explainCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("explain")
      .description("why a node does not reboot, or what it is doing")
      .argument("<NODE>", "the node", nodeName),
  );
  return command.action(async (name: string) => {
    const { api, carrier, place, clock } = await accessOf(command, io, signal);
    const query = { fieldSelector: `spec.nodeName=${name}`, labelSelector: daemonSelector };
    const [node, carried, daemons] = await Promise.all([
      unlessNotFound(api.get<Node>(paths.node(name), { signal })),
      carrier.read(signal),
      api.list<Pod>(paths.pods, { signal, query }),
    ]);
    if (node === undefined) throw noSuchNode(name);
    const lines = explainNode({ node, carried, place, daemons: daemons.items }, clock.wall());
    io.out(lines.map((line) => `${line.startsWith("  ") ? "  " : ""}${oneLine(line.trim())}\n`).join(""));
  });
}

export interface NodeFindings {
  node: Node;
  carried: Carried;
  place: LockPlace;
  /** rebootd's own on that node. */
  daemons: readonly Pod[];
}

const doing: Record<Phase, string> = {
  Idle: "needs no reboot",
  Waiting: "waits for its reboot",
  Draining: "is drained",
  Rebooting: "is rebooting",
  Returning: "has rebooted, and is not back as it was yet",
  Settling: "is back, and hands the lock on",
  Restoring: "is given back without a reboot",
  Failed: "rests after a failure",
};

/** Pure: sentences, what follows from one indented. */
export function explainNode({ node, carried, place, daemons }: NodeFindings, now: number): string[] {
  const { name = "", annotations } = node.metadata ?? {};
  const { record, fault } = parseRecord(annotations?.[recordAnnotation]);
  return [
    ...(record === undefined ? unrecorded(name, fault) : recorded(name, record, now)),
    ...ofTheNode(node, record),
    ...ofTheDaemon(daemons),
    ...ofTheLock(carried, place, now),
  ];
}

function unrecorded(name: string, fault: string | undefined): string[] {
  return fault === undefined
    ? [`${name} has never needed a reboot since rebootd runs on it, if it does`]
    : [`${name}: what rebootd has written on it cannot be read: ${fault}`];
}

function recorded(name: string, record: CycleRecord, now: number): string[] {
  const { phase, since, need, reasons, outcome } = record;
  const neededFor = need?.reasons.join(", ") || need?.source;
  return [
    `${name} ${doing[phase]}${phase === "Idle" ? "" : `, for ${age(since, now)} now`}`,
    ...(need === undefined || phase === "Idle" ? [] : [`needed for ${age(need.since, now)}: ${neededFor}`]),
    ...(reasons.length > 0 ? ["held back by:"] : []),
    ...reasons.map((one) => `  ${one.gate} (${one.code}), for ${age(one.since, now)}: ${one.message}`),
    ...(phase === "Waiting" && reasons.length === 0 ? ["nothing holds it back: it is about to start"] : []),
    ...(outcome === undefined
      ? []
      : [`its last cycle, ${age(outcome.at, now)} ago (${outcome.result}): ${outcome.message}`]),
    ...(phase === "Failed" ? [nextTry(record)] : []),
  ];
}

function nextTry(record: CycleRecord): string {
  if (record.reasons.some(({ code }) => code === "given-up")) return "it does not try again by itself";
  const until = restsUntil(record);
  if (record.failures > 0 && until !== undefined)
    return `it has failed ${record.failures} times in a row, and tries again at ${new Date(until).toISOString()}`;
  return `the need is still there after ${record.reboots} proved reboots, so it does not try again; rebootd reboot makes it`;
}

function ofTheNode(node: Node, record: CycleRecord | undefined): string[] {
  const isTheirs = node.spec?.unschedulable === true && !record?.cordoned;
  return [
    ...(isReady(node) ? [] : ["the node is not Ready"]),
    ...(isTheirs ? ["somebody else has cordoned the node, and it stays so"] : []),
  ];
}

/** Without one nobody acts, and what the Node says may be old. */
function ofTheDaemon(daemons: readonly Pod[]): string[] {
  if (daemons.length === 0)
    return [`no pod with the label ${daemonSelector} is on the node: all above may be old`];
  return daemons
    .filter((pod) => !isReady(pod))
    .map(
      ({ metadata }) => `its pod ${metadata?.namespace}/${metadata?.name} is not Ready: all above may be old`,
    );
}

function ofTheLock(carried: Carried, place: LockPlace, now: number): string[] {
  const { lock, holders, pausedSays, failuresSay } = statusOf(place, carried, [], now);
  const names = holders.map((holder) => holder.node).join(", ");
  const held = names === "" ? "" : `: ${names}`;
  return [`the lock, ${lock.object}: ${lock.says}${held}`, pausedSays, failuresSay].filter(
    (one) => one !== undefined,
  );
}
