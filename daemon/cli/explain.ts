import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import { unlessNotFound } from "../cluster/api.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import { isReady } from "../cluster/nodes.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import { backsOffUntil } from "../cycle/at-rest.ts";
import { misreadOn } from "../cycle/misread.ts";
import { type CycleRecord, type Phase, parseRecord } from "../cycle/record.ts";
import { isReason } from "../gates/reasons.ts";
import { nodeHolders } from "../lock/lock.ts";
import type { LockObjectState, LockPlace } from "../lock/lock-object.ts";
import { oneLine } from "../text/one-line.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { noSuchNode } from "./admin.ts";
import { statusOf } from "./cluster-status.ts";
import { type Health, readHealth, troublesOf } from "./health.ts";
import { heldForAll, liveReasons } from "./live.ts";
import { nodeNames } from "./node-name.ts";
import { dump, outputOption } from "./output.ts";
import { age } from "./table.ts";

type Form = "text" | "json" | "yaml";

/** `rebootd explain NODE...`: why it has not rebooted, in words, from what it says itself. Reads only. */
export function explainCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("explain")
      .description("Explain why a node does not reboot, or what it is doing")
      .argument("<NODE...>", "The node, or several", nodeNames)
      .addOption(outputOption<Form>("text", "json", "yaml")),
  );
  return command.action(async (names: readonly string[], { output }: { output: Form }) => {
    const { api, lockObject, place, hooks, clock } = await accessOf(command, io, signal);
    const [nodes, lockState] = await Promise.all([
      Promise.all(
        names.map((name) => unlessNotFound(() => api.get<WholeNode>(paths.node(name), { signal }))),
      ),
      lockObject.read(signal),
    ]);
    const holders = nodeHolders(lockState.lock).map(({ nodeID }) => nodeID);
    const health = await readHealth(api, [...new Set([...holders, ...names])], signal);
    const found = nodes.filter((node) => node !== undefined);
    const explained = found.map((node) => {
      const lines = explainNode({ node, lockState, place, hooks, health }, clock.wall());
      const { record } = recordNow(node, lockState, clock.wall());
      return { node: node.metadata?.name, says: lines.map(spaced), record };
    });
    if (output !== "text" && found.length > 0) io.out(dump(output, explained));
    else io.out(explained.map(({ says }) => says.map((line) => `${line}\n`).join("")).join("\n"));
    const missing = names.find((_, index) => nodes[index] === undefined);
    if (missing !== undefined) throw noSuchNode(missing);
  });
}

function spaced(line: string): string {
  return `${line.startsWith("  ") ? "  " : ""}${oneLine(line.trim())}`;
}

export interface NodeFindings {
  node: WholeNode;
  lockState: LockObjectState;
  place: LockPlace;
  /** Keys that the options of the daemons name as hooks; undefined where these are not known. */
  hooks: readonly string[] | undefined;
  /** Of this node and of the holders of the lock. */
  health: Health;
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
export function explainNode({ node, lockState, place, hooks, health }: NodeFindings, now: number): string[] {
  const { name = "", annotations = {} } = node.metadata ?? {};
  const { record, fault } = recordNow(node, lockState, now);
  return [
    ...ofTheDaemon(name, health, now),
    ...ofTheHolders(name, lockState, health, now),
    ...(record === undefined ? unrecorded(name, fault) : recorded(name, record, now)),
    ...misreadOn(annotations, hooks).map((one) => `not understood: ${one}`),
    ...ofTheNode(node, record),
    ...ofTheLock(lockState, place, now),
  ];
}

/** What the node says of itself, where a person's word counts as it stands now. */
function recordNow(
  { metadata }: WholeNode,
  lockState: LockObjectState,
  now: number,
): ReturnType<typeof parseRecord> {
  const annotations = metadata?.annotations ?? {};
  const read = parseRecord(annotations[contract.cycle.key]);
  if (read.record?.phase !== "Waiting") return read;
  const reasons = liveReasons(read.record, annotations[contract.paused.key], heldForAll(lockState, now), now);
  return { ...read, record: { ...read.record, reasons } };
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
    ...(reasons.length > 0 ? [`held back by${written(record, now)}:`] : []),
    ...reasons.map((one) => `  ${one.gate} (${one.code}), for ${age(one.since, now)}: ${one.message}`),
    ...(phase === "Waiting" && reasons.length === 0 ? ["nothing holds it back: it is about to start"] : []),
    ...(outcome === undefined
      ? []
      : [`its last cycle, ${age(outcome.at, now)} ago (${outcome.result}): ${outcome.message}`]),
    ...(phase === "Failed" ? [nextTry(record)] : []),
  ];
}

/** A pause, a lock by hand and a halt are as of now; what else the node says is as old as that. */
function written({ reportedAt }: CycleRecord, now: number): string {
  const ago = age(reportedAt, now);
  return ago === undefined ? "" : ` (written ${ago} ago)`;
}

function nextTry(record: CycleRecord): string {
  if (record.reasons.some((one) => isReason(one, "failures", "given-up")))
    return "it does not try again by itself";
  const until = backsOffUntil(record);
  if (record.failures > 0 && until !== undefined)
    return `it has failed ${record.failures} times in a row, and tries again at ${new Date(until).toISOString()}`;
  return `the need is still there after ${record.reboots} proved reboots, so it does not try again; rebootd reboot makes it`;
}

function ofTheNode(node: WholeNode, record: CycleRecord | undefined): string[] {
  const isTheirs = node.spec?.unschedulable === true && !record?.cordoned;
  return [...(isTheirs ? ["somebody else has cordoned the node, and it stays so"] : [])];
}

/** First of all: without a daemon nobody acts, and what the Node says may be old. */
function ofTheDaemon(name: string, health: Health, now: number): string[] {
  if (health.daemons.length === 0) {
    const ready = troublesOf(name, health, now).map((one) => `${name} is ${one}`);
    return [...ready, `no pod with the label ${daemonSelector} is in the cluster: what follows may be old`];
  }
  const troubles = troublesOf(name, health, now);
  const pods = health.daemons.filter((pod) => pod.spec?.nodeName === name && !isReady(pod));
  const logs = pods.map(
    ({ metadata }) => `  kubectl -n ${metadata?.namespace} logs ${metadata?.name} --previous says more`,
  );
  return troubles.length === 0 ? [] : [`${name}: ${troubles.join("; ")}: what follows may be old`, ...logs];
}

/** Whoever does not come back holds all others back. */
function ofTheHolders(name: string, { lock }: LockObjectState, health: Health, now: number): string[] {
  return nodeHolders(lock)
    .filter(({ nodeID }) => nodeID !== name)
    .flatMap(({ nodeID, created }) => {
      const isGone = health.nodes.size > 0 && !health.nodes.has(nodeID);
      const troubles = isGone ? ["the cluster has no such Node"] : troublesOf(nodeID, health, now);
      if (troubles.length === 0) return [];
      const held = `the holder ${nodeID}, for ${age(created, now) ?? "long"}`;
      return [`${held}: ${troubles.join("; ")}; rebootd explain ${nodeID} says more`];
    });
}

function ofTheLock(lockState: LockObjectState, place: LockPlace, now: number): string[] {
  const { lock, misread, holders, pausedSays, failuresSay } = statusOf(place, lockState, [], now);
  const names = holders.map((holder) => holder.node).join(", ");
  const held = names === "" ? "" : `: ${names}`;
  const notUnderstood = misread.map((one) => `not understood: ${one}`);
  const lines = [`the lock, ${lock.object}: ${lock.says}${held}`, pausedSays, failuresSay, ...notUnderstood];
  return lines.filter((one) => one !== undefined);
}
