import { conditionTypes } from "../annotations/conditions.ts";
import { contract } from "../annotations/names.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import { isReady } from "../cluster/nodes.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { backsOffUntil } from "../cycle/failed.ts";
import { misreadOn } from "../cycle/misread.ts";
import { type CycleRecord, isAtRest, type Phase, parseRecord } from "../cycle/record.ts";
import { isReason } from "../gates/reasons.ts";
import { nodeHolders } from "../lock/lock.ts";
import type { LockObjectState, LockPlace } from "../lock/lock-object.ts";
import { count } from "../text/count.ts";
import { iso } from "../time/iso.ts";
import { statusOf } from "./cluster-status.ts";
import { type Health, troublesOf } from "./health.ts";
import { heldForAll, liveReasons } from "./live.ts";
import type { NodeEvent } from "./node-events.ts";
import { age } from "./table.ts";

export interface NodeFindings {
  node: WholeNode;
  lockState: LockObjectState;
  place: LockPlace;
  /** Keys that the options of the daemons name as hooks; undefined if the options are unknown. */
  hooks: readonly string[] | undefined;
  /** The health of this node and of the holders of the lock. */
  health: Health;
  /** The last events of this node, oldest first; undefined if they may not be listed. */
  events?: readonly NodeEvent[] | undefined;
}

const doing: Record<Phase, string> = {
  Idle: "needs no reboot",
  Waiting: "is waiting for its reboot",
  Draining: "is being drained",
  Rebooting: "is rebooting",
  Returning: "has rebooted and is not back in service yet",
  Settling: "is back in service and releases its slot",
  Restoring: "is being restored without a reboot",
  Failed: "is backing off after a failure",
};

/** A soft reboot is not called a reboot alone. */
function doingText({ phase, softReboots }: CycleRecord): string {
  const isSoft = softReboots !== undefined && (phase === "Rebooting" || phase === "Returning");
  return isSoft ? doing[phase].replace("reboot", "soft-reboot") : doing[phase];
}

/** Pure: sentences; a sentence that explains the one before is indented. */
export function explainNode({ node, lockState, place, hooks, health }: NodeFindings, now: number): string[] {
  const { name = "", annotations = {} } = node.metadata ?? {};
  const { record, fault } = recordNow(node, lockState, now);
  return [
    ...ofTheDaemon(name, record, health, now),
    ...ofTheSilence(node, record, now),
    ...ofTheHolders(name, lockState, health, now),
    ...(record === undefined ? unrecorded(name, fault) : recorded(name, record, now)),
    ...ofTheHooks(annotations, hooks),
    ...misreadOn(annotations, hooks).map((one) => `not understood: ${one}`),
    ...ofTheNode(node, record),
    ...ofTheLock(lockState, place, now),
  ];
}

/** The record on the Node, with pauses, manual locks and halts as they are now. */
export function recordNow(
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
    ? [`rebootd has recorded nothing on ${name} (no reboot needed yet, or not running)`]
    : [`the record of rebootd on ${name} cannot be read: ${fault}`];
}

function recorded(name: string, record: CycleRecord, now: number): string[] {
  const { phase, since, need, reasons, outcome } = record;
  return [
    `${name} ${doingText(record)}${phase === "Idle" ? "" : ` (${age(since, now)})`}`,
    ...(need === undefined || phase === "Idle" ? [] : [neededText(need, now)]),
    ...(reasons.length > 0 ? [`held back by${written(record, now)}:`] : []),
    ...reasons.map((one) => `  ${one.gate} (${one.code}), for ${age(one.since, now)}: ${one.message}`),
    ...(phase === "Waiting" && reasons.length === 0 ? ["no gate is closed; it is about to start"] : []),
    ...(outcome === undefined ? [] : [outcomeText(outcome, now)]),
    ...(phase === "Failed" ? [nextTry(record)] : []),
  ];
}

function neededText({ source, reasons, since }: Need, now: number): string {
  const what = reasons.length > 0 ? `: ${reasons.join(", ")}` : ` (${sources[source] ?? source})`;
  return `reboot needed for ${age(since, now)}${what}`;
}

type Need = NonNullable<CycleRecord["need"]>;
type Outcome = NonNullable<CycleRecord["outcome"]>;

/** The sources of a need, in words. */
const sources: Readonly<Record<string, string>> = {
  file: "sentinel file",
  command: "sentinel command",
  request: "reboot request",
};

function outcomeText({ at, result, message }: Outcome, now: number): string {
  const ago = `${age(at, now)} ago`;
  if (result === "rebooted") return `last reboot ${ago} succeeded: ${message}`;
  return `last cycle ${ago} ${result === "failed" ? "failed" : "ended before the reboot"}: ${message}`;
}

/** Pauses, manual locks and halts are as of now. The other reasons are as old as the record. */
function written({ reportedAt }: CycleRecord, now: number): string {
  const ago = age(reportedAt, now);
  return ago === undefined ? "" : ` (written ${ago} ago)`;
}

function timesFailed(failures: number): string {
  return failures === 1 ? "failed once" : `failed ${failures} times in a row`;
}

function nextTry(record: CycleRecord): string {
  if (record.reasons.some((one) => isReason(one, "failures", "given-up")))
    return "no further try by itself; see rebootd resume";
  const until = backsOffUntil(record);
  if (record.failures > 0 && until !== undefined)
    return `${timesFailed(record.failures)}; next try at ${iso(until)}`;
  const needed = `still requires a reboot after ${count(record.reboots, "confirmed reboot")}`;
  return `${needed}; no further try by itself, see rebootd reboot`;
}

/** The daemon sets the annotation of a hook to "waiting" when it is the turn of its program. */
function ofTheHooks(annotations: Readonly<Record<string, string>>, hooks: readonly string[] = []): string[] {
  const open = hooks.filter((key) => annotations[key] === "waiting");
  return open.length === 0 ? [] : [`hooks that are not done: ${open.join(", ")}`];
}

export function ofTheNode(node: WholeNode, record: CycleRecord | undefined): string[] {
  const isTheirs = node.spec?.unschedulable === true && !record?.cordoned;
  return [...(isTheirs ? ["cordoned by somebody else; rebootd will not uncordon it"] : [])];
}

/** A node without a daemon does nothing, and its record may be old: the explanation begins with that. */
function ofTheDaemon(name: string, record: CycleRecord | undefined, health: Health, now: number): string[] {
  const written = age(record?.reportedAt, now);
  const old = `the following ${written === undefined ? "may be out of date" : `was written ${written} ago`}`;
  if (health.daemons.length === 0) {
    const ready = troublesOf(name, health, now).map((one) => `${name} is ${one}`);
    return [...ready, `the cluster has no pod with the label ${daemonSelector}; ${old}`];
  }
  const troubles = troublesOf(name, health, now);
  const pods = health.daemons.filter((pod) => pod.spec?.nodeName === name && !isReady(pod));
  const logs = pods.map(
    ({ metadata }) => `  see kubectl -n ${metadata?.namespace} logs ${metadata?.name} --previous`,
  );
  return troubles.length === 0 ? [] : [`${name}: ${troubles.join("; ")}; ${old}`, ...logs];
}

/** A holder that does not come back keeps all others waiting. */
export function ofTheHolders(name: string, { lock }: LockObjectState, health: Health, now: number): string[] {
  return nodeHolders(lock)
    .filter(({ nodeID }) => nodeID !== name)
    .flatMap(({ nodeID, created }) => {
      const isGone = health.nodes.size > 0 && !health.nodes.has(nodeID);
      const troubles = isGone ? ["no such Node in the cluster"] : troublesOf(nodeID, health, now);
      if (troubles.length === 0) return [];
      const since = age(created, now);
      const held = `holder ${nodeID}${since === undefined ? "" : ` (for ${since})`}`;
      return [`${held}: ${troubles.join("; ")}; see rebootd explain ${nodeID}`];
    });
}

function ofTheLock(lockState: LockObjectState, place: LockPlace, now: number): string[] {
  const { lock, misread, holders, pausedMessage, failuresMessage } = statusOf(place, lockState, [], now);
  const names = holders.map((holder) => holder.node).join(", ");
  const held = names === "" ? "" : `: ${names}`;
  const notUnderstood = misread.map((one) => `not understood: ${one}`);
  const lines = [
    `the lock, ${lock.object}: ${lock.message}${held}`,
    pausedMessage,
    failuresMessage,
    ...notUnderstood,
  ];
  return lines.filter((one) => one !== undefined);
}

/** A daemon in a cycle writes whenever something changes; no part of a cycle usually takes that long. */
const silentMs = 60 * 60_000;

/**
 * The last sign of a daemon on its Node, RFC 3339, if it is in a cycle and that was long ago: the record, or a
 * heartbeat of one of its conditions. Between cycles a daemon has nothing to write for months.
 */
export function silentSince(node: WholeNode, record: CycleRecord, now: number): string | undefined {
  if (isAtRest(record)) return undefined;
  const beats = (node.status?.conditions ?? [])
    .filter(({ type }) => (conditionTypes as readonly string[]).includes(type))
    .map(({ lastHeartbeatTime }) => Date.parse(lastHeartbeatTime ?? ""));
  const times = [Date.parse(record.since), Date.parse(record.reportedAt ?? ""), ...beats];
  const last = Math.max(...times.filter((time) => !Number.isNaN(time)));
  return Number.isFinite(last) && now - last > silentMs ? iso(last) : undefined;
}

function ofTheSilence(node: WholeNode, record: CycleRecord | undefined, now: number): string[] {
  const since = record && silentSince(node, record, now);
  if (record === undefined || since === undefined) return [];
  return [`its daemon has written nothing for ${age(since, now)}, in the phase ${record.phase}`];
}
