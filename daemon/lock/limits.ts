import { contract } from "../annotations/names.ts";
import { pausedText, pauseNow } from "../annotations/pause.ts";
import { count } from "../text/count.ts";
import { firstOf } from "../text/list.ts";
import { shortLine } from "../text/one-line.ts";
import { tooSoon } from "./interval.ts";
import {
  asCount,
  foreignEntry,
  type Holder,
  holdersOf,
  holds,
  isFull,
  isManual,
  isSeveral,
  type LockValue,
  manualName,
  type NodeIdentity,
  otherHolders,
  quoted,
} from "./lock.ts";
import type { LockRefusal, Refusal, RefusalCode } from "./refusal.ts";

/** The numbers of nodes that may be in the lock at a time. */
export interface Limits {
  concurrency: number;
  maxPerZone?: number | undefined;
  maxPerPool?: number | undefined;
  /** The label of a Node whose value names its pool. */
  poolLabel?: string | undefined;
  /**
   * The number of nodes that may be unavailable at a time: in the lock, not Ready, or cordoned by anybody.
   */
  maxUnavailable?: number | undefined;
  /** The least time between two reboots, in milliseconds: see interval.ts. */
  minIntervalMs?: number | undefined;
}

/** `--concurrency` and `--max-unavailable`: a number of nodes, or a part of all there are. */
export type Concurrency = { nodes: number } | { percent: number };

/** A percentage is rounded down, as it is a limit, but to at least 1. */
export function concurrencyOf(asked: Concurrency, clusterSize: number): number {
  return "nodes" in asked ? asked.nodes : Math.max(1, Math.floor((clusterSize * asked.percent) / 100));
}

/** A node that waits for a slot or holds one, as its Node and its record describe it. Times are RFC 3339. */
export interface Waiting {
  identity: NodeIdentity;
  /** Empty until the Node was first read. */
  labels: Readonly<Record<string, string>>;
  /** The value of the priority annotation, else the urgency of the need. */
  priority?: string | undefined;
  /** Since when its reboot has been needed. */
  neededSince?: string | undefined;
  /** When its last cycle left the lock. */
  leftAt?: string | undefined;
  /** The boot ID under which its cycle began, or is about to begin. */
  bootID?: string | undefined;
  /** The count of soft reboots under which it began, where it is to end with one. */
  softReboots?: number | undefined;
}

/**
 * The other nodes, as far as they were looked at. A field that is undefined was not looked at, or need not
 * be.
 */
export interface ClusterView {
  /** Only for a node of the control plane. */
  controlPlane?: ControlPlane | undefined;
  /** "namespace/name" of critical static pods of other control-plane nodes that are not Ready. */
  podsDown?: readonly string[] | undefined;
  /** Nodes in mid-cycle that the lock does not name. */
  absent?: readonly Holder[] | undefined;
  /** Nodes that are not Ready or cordoned. */
  unavailable?: readonly string[] | undefined;
}

export interface ControlPlane {
  /** All nodes of it. */
  names: readonly string[];
  notReady: readonly string[];
  /**
   * Set where the Nodes cannot be listed: the holders of the lock that are no part of it. Any other holder
   * may be, as it may have entered since.
   */
  workers?: readonly string[];
}

/** A control-plane node bears any of them. They are one group. */
export const controlPlaneLabels = [
  contract.controlPlane.key,
  contract.master.key,
  contract.rkeControlPlane.key,
  contract.rkeEtcd.key,
] as const;

export function isOfControlPlane(labels: Readonly<Record<string, string>>): boolean {
  return controlPlaneLabels.some((label) => label in labels);
}

const namedMax = 5;

/** The refusal by a pause of all nodes, which is an annotation on the lock object. */
export function allPaused(annotation: string | undefined, now: number): Refusal | undefined {
  const pause = pauseNow(annotation, now);
  return (
    pause && {
      gate: "paused",
      code: "cluster",
      message: `all nodes are ${pausedText(pause)}`,
      until: pause.until,
    }
  );
}

/** All that decides whether a node may take a slot, but for the time. */
export interface Situation {
  lock: LockValue;
  lastRebootAt?: number | undefined;
  waiting: Waiting;
  view: ClusterView;
  limits: Limits;
}

/** The reason why this node may not start a cycle now; undefined when it may. Its own slot is no reason. */
export function refusal(situation: Situation, now: number): Refusal | undefined {
  const { lock, waiting } = situation;
  if (lock.state === "unreadable") return { gate: "lock", code: "lock-unreadable", message: lock.why };
  const manual = holdersOf(lock).find(isManual);
  if (manual !== undefined) return { gate: "lock", code: "lock-manual", message: lockedManually(manual) };
  const foreign = foreignEntry(lock, waiting.identity, now);
  if (foreign !== undefined) return heldByOther(foreign);
  const holders = otherHolders(lock, waiting.identity, now);
  return (
    refusalBeside(holders, situation) ??
    refusedByInterval(holders, situation, now) ??
    refusedByAbsent(holders, situation)
  );
}

/** It is asked only of a node that is to enter. */
function refusedByInterval(
  holders: readonly Holder[],
  { lock, lastRebootAt, waiting, limits }: Situation,
  now: number,
): Refusal | undefined {
  if (holds(lock, waiting.identity, now)) return undefined;
  return tooSoon(holders, lastRebootAt, limits.minIntervalMs, now);
}

/** A node that is down without a slot takes the room of one. */
function refusedByAbsent(holders: readonly Holder[], situation: Situation): Refusal | undefined {
  const { waiting, view } = situation;
  const absent = (view.absent ?? []).filter(({ nodeID }) => nodeID !== waiting.identity.name);
  if (absent.length === 0) return undefined;
  const refused = refusalBeside([...holders, ...absent], situation);
  if (refused === undefined) return undefined;
  const names = absent.map(({ nodeID }) => nodeID);
  const down = `nodes that are down without a slot: ${firstOf(names, namedMax)}`;
  const message = `${refused.message}, counting ${down}`;
  return { ...refused, gate: "lock", code: "lock-lost", message, dependsOnNodes: true };
}

function refusalBeside(
  others: readonly Holder[],
  { lock, waiting, view, limits }: Situation,
): Refusal | undefined {
  const { name } = waiting.identity;
  const { zone, pool } = groupsOf(waiting.labels, limits);
  return (
    slotsTaken(others, limits.concurrency, isSeveral(lock)) ??
    noRoom(lock, name) ??
    controlPlaneBusy(others, view) ??
    groupFull("zone", others, zone, limits.maxPerZone) ??
    groupFull("pool", others, pool, limits.maxPerPool) ??
    controlPlaneBroken(name, view) ??
    tooManyUnavailable(others, name, view, limits.maxUnavailable)
  );
}

/** The groups that a node counts in. A group without a limit is left out. */
export function groupsOf(
  labels: Readonly<Record<string, string>>,
  { maxPerZone, maxPerPool, poolLabel }: Pick<Limits, "maxPerZone" | "maxPerPool" | "poolLabel">,
): { zone: string | undefined; pool: string | undefined } {
  return {
    zone: maxPerZone === undefined ? undefined : labels[contract.zone.key],
    pool: maxPerPool === undefined || poolLabel === undefined ? undefined : labels[poolLabel],
  };
}

/** "locked manually: REASON", with the name of the entry if that is another than `rebootd lock` gives. */
export function lockedManually({ nodeID, reason }: Holder): string {
  const name = nodeID === manualName ? "" : ` (${quoted(nodeID)})`;
  const why = typeof reason === "string" && reason !== "" ? `: ${shortLine(reason)}` : "";
  return `locked manually${name}${why}`;
}

/** Only the program that made the entry knows its purpose. */
function heldByOther({ nodeID }: Holder): Refusal {
  const remedy = `if that program no longer runs, remove its entry with rebootd unlock ${nodeID}`;
  const message = `another program, such as kured, holds a slot for this node; ${remedy}`;
  return { gate: "lock", code: "lock-foreign", message };
}

function noRoom(lock: LockValue, name: string): Refusal | undefined {
  if (!isFull(lock, name)) return undefined;
  return {
    gate: "lock",
    code: "lock-full",
    message: "the lock annotation has no room for another holder",
  };
}

/** No node enters above its own limit, or above the limit of any holder. */
function slotsTaken(others: readonly Holder[], own: number, several: boolean): Refusal | undefined {
  // A kured that holds the lock in the single shape would not find its entry in the several one.
  const unsaid = several ? Number.POSITIVE_INFINITY : 1;
  const limit = Math.min(own, ...others.map(({ concurrency }) => asCount(concurrency) ?? unsaid));
  if (others.length < limit) return undefined;
  return taken("lock-taken", `all slots are taken (${others.length} of ${limit})`, others);
}

function controlPlaneBusy(others: readonly Holder[], { controlPlane }: ClusterView): Refusal | undefined {
  const { names = [], workers } = controlPlane ?? {};
  const isInside = (name: string) => (workers === undefined ? names.includes(name) : !workers.includes(name));
  const inside = others.filter(({ nodeID }) => isInside(nodeID));
  if (inside.length === 0) return undefined;
  return taken("lock-control-plane", "another control-plane node holds a slot", inside);
}

function groupFull(
  kind: "zone" | "pool",
  others: readonly Holder[],
  own: string | undefined,
  max: number | undefined,
): Refusal | undefined {
  if (max === undefined) return undefined;
  // A node whose group is not known may be in any.
  const inside = others.filter(({ [kind]: its }) => own === undefined || !isName(its) || its === own);
  if (inside.length < max) return undefined;
  const where = own === undefined ? `the unknown ${kind} of this node` : `${kind} ${quoted(own)}`;
  const code = kind === "zone" ? "lock-zone" : "lock-pool";
  return taken(code, `all slots of ${where} are taken (${inside.length} of ${max})`, inside);
}

/**
 * A kubelet may be Ready without its etcd, and etcd has a majority to lose:
 * https://etcd.io/docs/v3.5/faq/#what-is-failure-tolerance
 */
export function controlPlaneBroken(
  name: string,
  { controlPlane, podsDown = [] }: Pick<ClusterView, "controlPlane" | "podsDown">,
): LockRefusal<"control-plane-not-ready" | "control-plane-not-whole"> | undefined {
  const broken = (controlPlane?.notReady ?? []).filter((other) => other !== name);
  if (broken.length > 0) {
    const message = `control-plane nodes are not Ready: ${firstOf(broken, namedMax)}`;
    return { gate: "lock", code: "control-plane-not-ready", message, dependsOnNodes: true };
  }
  if (podsDown.length === 0) return undefined;
  const message = `critical static pods of the control plane are not Ready: ${firstOf(podsDown, namedMax)}`;
  return { gate: "lock", code: "control-plane-not-whole", message, dependsOnNodes: true };
}

/** Holders count too, as they will be cordoned; so two nodes that enter at one time see each other. */
function tooManyUnavailable(
  others: readonly Holder[],
  name: string,
  { unavailable = [] }: ClusterView,
  max: number | undefined,
): Refusal | undefined {
  if (max === undefined) return undefined;
  const names = new Set([...unavailable, ...others.map((holder) => holder.nodeID)]);
  names.delete(name);
  if (names.size < max) return undefined;
  const many = count(names.size, "node is", "nodes are");
  const message = `${many} not Ready, cordoned or in the lock; --max-unavailable allows ${max} with this one`;
  // If the holders alone are too many, the lock shows when that changes.
  const dependsOnNodes = others.length < max ? ({ dependsOnNodes: true } as const) : {};
  return { gate: "lock", code: "too-many-unavailable", message, by: [...names], ...dependsOnNodes };
}

/** The other Nodes had to be looked at, and could not be. */
export function nodesUnknown(error: unknown): Refusal {
  const message = `cannot tell the state of the other nodes: ${(error as Error).message}`;
  return { gate: "lock", code: "nodes-unknown", message, dependsOnNodes: true };
}

function taken(code: RefusalCode, message: string, by: readonly Holder[]): Refusal {
  return { gate: "lock", code, message, by: by.map(({ nodeID }) => nodeID) };
}

function isName(value: unknown): value is string {
  return typeof value === "string";
}
