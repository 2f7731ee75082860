import { contract } from "../annotations/names.ts";
import { parsePriority } from "../annotations/priority.ts";
import { isReady } from "../cluster/nodes.ts";
import type { Metadata } from "../cluster/objects.ts";
import type { CycleRecord } from "../cycle/record.ts";
import { isReason } from "../gates/reasons.ts";
import {
  beforeHalt,
  countInARow,
  type Failure,
  type Failures,
  halted,
  haltsAfter,
  isNone,
  untilResume,
} from "../lock/failures.ts";
import { allPaused } from "../lock/limits.ts";
import { type Holder, holdersOf, isExpired, isManual, type LockValue, nodeHolders } from "../lock/lock.ts";
import type { LockObjectState, LockPlace } from "../lock/lock-object.ts";
import type { Refusal } from "../lock/refusal.ts";
import { byText } from "../text/by-text.ts";
import { count } from "../text/count.ts";
import type { Fleet } from "./fleet.ts";
import { type Health, troublesOf, unknownHealth } from "./health.ts";
import { heldForAll, liveReasons } from "./live.ts";
import { recordOf } from "./record-of.ts";

/** The output of `rebootd status -o json`. Times are RFC 3339. */
export interface ClusterStatus {
  lock: {
    /** Such as "lease/rebootd in kube-system". */
    object: string;
    annotation: string;
    state: "free" | "held" | "manual" | "unreadable";
    /** The same as a sentence. */
    message: string;
  };
  /** The numbers of Nodes, of Nodes with a Ready pod of rebootd, and of Nodes whose record has a need. */
  count: { nodes: number; daemons: number; needReboot: number };
  /** Annotations beside the lock that are not understood, as sentences. */
  misread: readonly string[];
  /** A sentence; undefined unless all nodes are paused. */
  pausedMessage: string | undefined;
  /**
   * True if no node starts until `rebootd resume --all`, by the limit in the last failure or the record of a
   * waiting node.
   */
  halted: boolean;
  /** The failures of different nodes in a row, up to now. */
  failures: Failure[];
  /** The same as a sentence; undefined if there are none. */
  failuresMessage: string | undefined;
  holders: HolderStatus[];
  manual: { name: string; since: string | undefined; reason: string | undefined }[];
  /**
   * Nodes without a slot that are not Idle, or whose daemon has troubles: first those with troubles, then the
   * longest wait.
   */
  others: NodeStatus[];
}

export interface NodeStatus {
  node: string;
  /** The phase in the record; "Gone" if the cluster has no such Node. */
  phase: string;
  since: string | undefined;
  /** The troubles of the node or its daemon, as the API server shows them. The record may be old then. */
  troubles: string[];
  why: string[];
  neededSince: string | undefined;
  neededFor: string[];
  priority: string;
}

/** `since` is that of the slot. */
export interface HolderStatus extends NodeStatus {
  zone: string | undefined;
  pool: string | undefined;
  concurrency: number | undefined;
  expired: boolean;
}

/** The nodes that a status lists; each condition that is given has to hold. The state of the lock is whole. */
export interface Selection {
  /** Idle nodes, which are not listed otherwise, are listed if they are named here. */
  phases?: ReadonlySet<string> | undefined;
  /** Only nodes that wait for a reason, or have failed. */
  isBlocked?: boolean | undefined;
  /** The nodes given are not all of the cluster. */
  isPartial?: boolean | undefined;
}

/** Pure: the status of a fleet, as it was when it was read. */
export function fleetStatus(
  { at, place, lockState, nodes, health, labelSelector }: Fleet,
  selection: Selection = {},
  now = at,
): ClusterStatus {
  const isPartial = labelSelector !== undefined;
  return statusOf(place, lockState, nodes, now, health, { ...selection, isPartial });
}

/** Pure: puts together the lock and the records on the Nodes. */
export function statusOf(
  place: LockPlace,
  lockState: LockObjectState,
  nodes: readonly Metadata[],
  now: number,
  health: Health = unknownHealth,
  selection: Selection = {},
): ClusterStatus {
  const { lock, failures, paused, misread = [] } = lockState;
  const forAll = heldForAll(lockState, now);
  const statusOfNode = (node: Metadata): NodeStatus => ({
    ...nodeStatus(node, forAll, now),
    troubles: troublesOf(node.name ?? "", health, now),
  });
  const byName = new Map(nodes.map((node) => [node.name ?? "", statusOfNode(node)]));
  const entries = nodeHolders(lock);
  const holders = entries
    .filter(({ nodeID }) => !selection.isPartial || byName.has(nodeID))
    .map((holder) => holderStatus(holder, byName.get(holder.nodeID), now))
    .filter((one) => isSelected(one, selection));
  const hasDaemon = new Set(health.daemons.map(({ spec }) => spec?.nodeName));
  const ready = new Set(health.daemons.filter(isReady).map(({ spec }) => spec?.nodeName ?? ""));
  const manual = holdersOf(lock)
    .filter(isManual)
    .map(({ nodeID, since, reason }) => ({ name: nodeID, since, reason }));
  const holding = new Set(entries.map(({ nodeID }) => nodeID));
  const others = [...byName.values()]
    .filter(({ node, phase, troubles }) => {
      const isUnwell = troubles.length > 0 && hasDaemon.has(node);
      return (phase !== "Idle" || isUnwell || selection.phases?.has("Idle")) && !holding.has(node);
    })
    .filter((one) => isSelected(one, selection))
    .sort(
      (a, b) =>
        byTroubles(a, b) ||
        byRest(a, b) ||
        byText(a.neededSince ?? "", b.neededSince ?? "") ||
        byText(a.node, b.node),
    );
  return {
    lock: lockStatus(place, lock, entries.length, manual.length),
    count: {
      nodes: nodes.length,
      daemons: [...ready].filter((name) => !selection.isPartial || byName.has(name)).length,
      needReboot: [...byName.values()].filter(({ neededSince }) => neededSince !== undefined).length,
    },
    misread,
    pausedMessage: allPaused(paused, now)?.message,
    ...failureStatus(failures, nodes),
    holders: holders.sort(byTroubles),
    manual,
    others,
  };
}

function isSelected({ phase, why }: NodeStatus, { phases, isBlocked = false }: Selection): boolean {
  const waits = phase === "Failed" || (phase === "Waiting" && why.length > 0);
  return (phases?.has(phase) ?? true) && (!isBlocked || waits);
}

function failureStatus(
  failures: Failures,
  nodes: readonly Metadata[],
): Pick<ClusterStatus, "halted" | "failures" | "failuresMessage"> {
  const failed = failures.state === "readable" ? [...failures.failed] : [];
  const isNothing = isNone(failures);
  const isHalted =
    halted(failures, haltsAfter(failures)) !== undefined || (!isNothing && nodes.some(isHaltedNode));
  return { halted: isHalted, failures: failed, failuresMessage: isNothing ? undefined : message() };

  function message(): string {
    if (failures.state === "unreadable") return `HALTED: ${failures.why}`;
    if (!isHalted) return beforeHalt(failures);
    return `HALTED: ${countInARow(failed)}; ${untilResume}`;
  }
}

function isHaltedNode(metadata: Metadata): boolean {
  const { record } = recordOf(metadata);
  return (
    record?.phase === "Waiting" &&
    record.reasons.some((one) => isReason(one, "lock", "halted", "failures-unreadable"))
  );
}

function lockStatus(
  { kind, namespace, name, annotation }: LockPlace,
  lock: LockValue,
  holders: number,
  manual: number,
): ClusterStatus["lock"] {
  const where = { object: `${kind}/${name} in ${namespace}`, annotation };
  const held = holders === 0 ? "" : `held by ${count(holders, "node")}`;
  if (lock.state === "unreadable") return { ...where, state: "unreadable", message: lock.why };
  if (manual > 0) {
    const message = `locked manually, no node starts a reboot${held && `; ${held}`}`;
    return { ...where, state: "manual", message };
  }
  return held ? { ...where, state: "held", message: held } : { ...where, state: "free", message: "free" };
}

function byRest(a: NodeStatus, b: NodeStatus): number {
  const isAtRest = ({ phase, troubles }: NodeStatus) => phase === "Idle" && troubles.length === 0;
  return Number(isAtRest(a)) - Number(isAtRest(b));
}

function byTroubles(a: NodeStatus, b: NodeStatus): number {
  return Number(b.troubles.length > 0) - Number(a.troubles.length > 0);
}

function nodeStatus(metadata: Metadata, forAll: Refusal | undefined, now: number): NodeStatus {
  const { name = "", annotations = {} } = metadata;
  const { record, fault } = recordOf(metadata);
  const unreadable = fault === undefined ? [] : [`its record cannot be read: ${fault}`];
  return {
    node: name,
    phase: record?.phase ?? (fault === undefined ? "Idle" : "Unknown"),
    since: record?.since,
    troubles: [],
    why: record === undefined ? unreadable : whyOf(record, annotations[contract.paused.key], forAll, now),
    neededSince: record?.need?.since,
    neededFor: record?.need?.reasons ?? [],
    priority: parsePriority(annotations[contract.priority.key] ?? record?.need?.urgency) ?? "normal",
  };
}

/** The reasons why it waits; after a failure, its error. */
function whyOf(
  { phase, reasons, outcome }: CycleRecord,
  paused: string | undefined,
  forAll: Refusal | undefined,
  now: number,
): string[] {
  if (phase === "Failed" || phase === "Restoring") return outcome === undefined ? [] : [outcome.message];
  const shown = phase === "Waiting" ? liveReasons({ reasons }, paused, forAll, now) : reasons;
  return shown.map(({ message }) => message);
}

function holderStatus(holder: Holder, node: NodeStatus | undefined, now: number): HolderStatus {
  const { nodeID, created, zone, pool, concurrency } = holder;
  const gone: NodeStatus = {
    node: nodeID,
    phase: "Gone",
    since: undefined,
    troubles: ["no such Node in the cluster; waiting nodes remove its entry"],
    why: [],
    neededSince: holder.neededSince,
    neededFor: [],
    priority: "normal",
  };
  const expired = isExpired(holder, now);
  const { troubles, ...rest } = node ?? gone;
  const late = expired ? ["its slot has expired (--lock-ttl)"] : [];
  return { ...rest, troubles: [...troubles, ...late], since: created, zone, pool, concurrency, expired };
}
