import type { Metadata } from "../cluster/objects.ts";
import { type CycleRecord, parseRecord, recordAnnotation } from "../cycle/record.ts";
import type { Carried, LockPlace } from "../lock/carrier.ts";
import { type Failure, type Failures, inARow, isNone, untilResume } from "../lock/failures.ts";
import { allPaused, type Refusal } from "../lock/limits.ts";
import { parsePriority, priorityAnnotation } from "../lock/rank.ts";
import { type Holder, holdersOf, isExpired, isManual, type LockValue, nodeHolders } from "../lock/slots.ts";

/** What `rebootd status -o json` prints. Times are RFC 3339. */
export interface ClusterStatus {
  lock: {
    /** Such as "lease/rebootd in kube-system". */
    object: string;
    annotation: string;
    state: "free" | "held" | "manual" | "unreadable";
    /** The same as a sentence. */
    says: string;
  };
  /** A sentence; undefined where not all nodes are paused. */
  pausedSays: string | undefined;
  /** True where a node that waits says that nothing starts until `rebootd resume`: only the daemons know after how many. */
  halted: boolean;
  /** Of different nodes in a row, up to now. */
  failures: Failure[];
  /** The same as a sentence; undefined where there are none. */
  failuresSay: string | undefined;
  holders: HolderStatus[];
  manual: { name: string; since: string | undefined; reason: string | undefined }[];
  /** Nodes without a slot that are not Idle, longest first. */
  others: NodeStatus[];
}

export interface NodeStatus {
  node: string;
  /** Of the record; "Gone" where the cluster has no such Node. */
  phase: string;
  since: string | undefined;
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

const haltCodes: ReadonlySet<string> = new Set<Refusal["code"]>(["halted", "failures-unreadable"]);

/** Pure: what is in the lock and on the Nodes, put together. */
export function statusOf(
  place: LockPlace,
  { lock, failures, paused }: Carried,
  nodes: readonly Metadata[],
  now: number,
): ClusterStatus {
  const byName = new Map(nodes.map((node) => [node.name ?? "", nodeStatus(node)]));
  const entries = nodeHolders(lock);
  const holders = entries.map((holder) => holderStatus(holder, byName.get(holder.nodeID), now));
  const manual = holdersOf(lock)
    .filter(isManual)
    .map(({ nodeID, since, reason }) => ({ name: nodeID, since, reason }));
  const holding = new Set(entries.map(({ nodeID }) => nodeID));
  const others = [...byName.values()]
    .filter(({ node, phase }) => phase !== "Idle" && !holding.has(node))
    .sort((a, b) => (a.neededSince ?? "").localeCompare(b.neededSince ?? "") || a.node.localeCompare(b.node));
  return {
    lock: lockStatus(place, lock, holders.length, manual.length),
    pausedSays: allPaused(paused, now)?.message,
    ...failureStatus(failures, nodes),
    holders,
    manual,
    others,
  };
}

function failureStatus(
  failures: Failures,
  nodes: readonly Metadata[],
): Pick<ClusterStatus, "halted" | "failures" | "failuresSay"> {
  const failed = failures.state === "readable" ? [...failures.failed] : [];
  const isNothing = isNone(failures);
  const halted = !isNothing && nodes.some(saysHalted);
  const says = failures.state === "unreadable" ? failures.why : inARow(failed);
  const text = halted && failures.state === "readable" ? `${says}: ${untilResume}` : says;
  const failuresSay = isNothing ? undefined : `${halted ? "halted: " : ""}${text}`;
  return { halted, failures: failed, failuresSay };
}

function saysHalted({ annotations = {} }: Metadata): boolean {
  const { record } = parseRecord(annotations[recordAnnotation]);
  return record?.phase === "Waiting" && record.reasons.some(({ code }) => haltCodes.has(code));
}

function lockStatus(
  { kind, namespace, name, annotation }: LockPlace,
  lock: LockValue,
  holders: number,
  manual: number,
): ClusterStatus["lock"] {
  const where = { object: `${kind}/${name} in ${namespace}`, annotation };
  const held = holders === 0 ? "" : `held by ${holders} ${holders === 1 ? "node" : "nodes"}`;
  if (lock.state === "unreadable") return { ...where, state: "unreadable", says: lock.why };
  if (manual > 0) {
    const says = `set by hand, no node starts to reboot${held && `; ${held}`}`;
    return { ...where, state: "manual", says };
  }
  return held ? { ...where, state: "held", says: held } : { ...where, state: "free", says: "free" };
}

function nodeStatus({ name = "", annotations = {} }: Metadata): NodeStatus {
  const { record, fault } = parseRecord(annotations[recordAnnotation]);
  const unreadable = fault === undefined ? [] : [`its record cannot be read: ${fault}`];
  return {
    node: name,
    phase: record?.phase ?? (fault === undefined ? "Idle" : "Unknown"),
    since: record?.since,
    why: record === undefined ? unreadable : whyOf(record),
    neededSince: record?.need?.since,
    neededFor: record?.need?.reasons ?? [],
    priority: parsePriority(annotations[priorityAnnotation]) ?? "normal",
  };
}

/** What it waits for; or, after a failure, what failed. */
function whyOf({ phase, reasons, outcome }: CycleRecord): string[] {
  if (phase === "Failed" || phase === "Restoring") return outcome === undefined ? [] : [outcome.message];
  return reasons.map(({ message }) => message);
}

function holderStatus(holder: Holder, node: NodeStatus | undefined, now: number): HolderStatus {
  const { nodeID, created, zone, pool, concurrency } = holder;
  const gone: NodeStatus = {
    node: nodeID,
    phase: "Gone",
    since: undefined,
    why: ["the cluster has no such Node; nodes that wait take it out of the lock"],
    neededSince: holder.neededSince,
    neededFor: [],
    priority: "normal",
  };
  return { ...(node ?? gone), since: created, zone, pool, concurrency, expired: isExpired(holder, now) };
}
