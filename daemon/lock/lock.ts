/**
 * The lock as a value: what the annotation says, who is in it, and what it says afterwards. Readable by kured, in both
 * of its shapes: one holder `{"nodeID":…}`, several `{"maxOwners":2,"locks":[…]}`. Who may enter is in limits.ts.
 */

import { annotationsMaxChars, parseBoundedJson } from "../text/bounded-json.ts";
import { cut } from "../text/cut.ts";

/** One entry. Fields that others added are kept as they are. */
export interface Holder {
  nodeID: string;
  metadata?: { unschedulable?: boolean };
  /** RFC 3339. Daemons always write it, people do not: an entry without it is a manual one. */
  created?: string;
  /** Nanoseconds; 0 is for ever. */
  TTL?: number;
  // What follows is ours; kured ignores it.
  /** UID of the holder's Node, which tells it from a later one of the same name. */
  nodeUID?: string;
  /** How the boot ID begins under which its cycle has begun, see {@link bootText}: what proves its reboot is not on its Node alone. */
  boot?: string;
  /** How many nodes the holder wants to be in at most, itself included. A rebootd always writes it. */
  concurrency?: number;
  zone?: string;
  pool?: string;
  /** RFC 3339: since when its reboot had been needed. Only on the one that has entered last. */
  neededSince?: string;
  /** Of a manual entry: why, and since when (RFC 3339). */
  reason?: string;
  since?: string;
}

/** More than fit, as short as they can be. */
const entriesMax = 3000;
/** An entry has some 200, and others may have added fields. */
const entryMaxChars = 4096;
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const nameMaxChars = 253;

/** A node, as told from a later one of the same name. The UID is unknown until the Node was first read. */
export interface NodeIdentity {
  name: string;
  uid?: string | undefined;
}

export type LockValue =
  /** `maxOwners` is there in the shape for several holders, and says what its last writer thought of the limit. */
  | { state: "readable"; holders: readonly Holder[]; maxOwners?: number }
  | { state: "unreadable"; why: string };

/** kured reads the names of fields in any case, as Go does. */
const fieldNames = new Map(
  ["nodeID", "metadata", "created", "TTL", "nodeUID", "maxOwners", "locks"].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

/** The value of the annotation; undefined where there is none. */
export function parseLock(annotation: string | undefined): LockValue {
  if (annotation === undefined) return { state: "readable", holders: [] };
  let parsed: unknown;
  try {
    parsed = parseBoundedJson(annotation, { maxChars: annotationsMaxChars });
  } catch (error) {
    return unreadable(annotation, (error as Error).message);
  }
  const value = isRecord(parsed) ? withKnownNames(parsed) : undefined;
  if (value === undefined) return unreadable(annotation, "it is not a JSON object");
  if (isHolder(value)) {
    const fault = oversizeOf(value);
    return fault === undefined ? { state: "readable", holders: [value] } : unreadable(annotation, fault);
  }
  if (!("locks" in value || "maxOwners" in value))
    return unreadable(annotation, "it has neither nodeID nor locks");
  const locks = value["locks"] ?? [];
  if (!Array.isArray(locks)) return unreadable(annotation, "its locks are not a list");
  if (locks.length > entriesMax) return unreadable(annotation, `it has more than ${entriesMax} locks`);
  const holders = locks.map((lock) => (isRecord(lock) ? withKnownNames(lock) : lock));
  if (!holders.every(isHolder)) return unreadable(annotation, "one of its locks has no nodeID");
  const fault = holders.map(oversizeOf).find((found) => found !== undefined);
  if (fault !== undefined) return unreadable(annotation, fault);
  return {
    state: "readable",
    holders,
    maxOwners: asCount(value["maxOwners"]) ?? Math.max(1, holders.length),
  };
}

/** What the lock is to become. */
export interface LockChange {
  holders: readonly Holder[];
  /** The writer's own limit, which decides on the shape. */
  concurrency: number;
}

/**
 * The annotation's new value; null removes it. With a limit of one it is the single shape, unless the lock was found in the
 * several shape: a kured that holds a slot in one shape does not find itself in the other, and never gives it back.
 */
export function writeLock({ holders, concurrency }: LockChange, before: LockValue): string | null {
  const [first] = holders;
  if (first === undefined) return null;
  if (concurrency === 1 && holders.length === 1 && !isSeveral(before)) return JSON.stringify(first);
  return JSON.stringify({ maxOwners: concurrency, locks: holders });
}

/** Of {@link annotationsMaxChars}; some room is left to what others write. */
const lockMaxChars = 240 * 1024;
/** An entry is its name and about so much. */
const entryChars = 158;

/** About how many holders fit into the lock, where their names are as long as this one. */
export function holdersMax(nodeName: string): number {
  return Math.floor(lockMaxChars / (nodeName.length + entryChars));
}

/** Whether there is no room for another entry in what can be stored. */
export function isFull(lock: LockValue, nodeName: string): boolean {
  const holders = holdersOf(lock);
  if (holders.length < holdersMax("n".repeat(nameMaxChars)) - 1) return false;
  const value = writeLock({ holders, concurrency: holders.length + 1 }, lock) ?? "";
  return value.length + nodeName.length + 2 * entryChars > lockMaxChars;
}

/** Whether it is in the shape for several holders. */
export function isSeveral(lock: LockValue): boolean {
  return lock.state === "readable" && lock.maxOwners !== undefined;
}

/** What the last writer thought of the limit. */
export function limitIn(lock: LockValue): number {
  return lock.state === "readable" ? (lock.maxOwners ?? 1) : 1;
}

export function asCount(value: unknown): number | undefined {
  return typeof value === "number" && value >= 1 ? value : undefined;
}

export function holdersOf(lock: LockValue): readonly Holder[] {
  return lock.state === "readable" ? lock.holders : [];
}

/** The name of the entry that `rebootd lock` makes. */
export const manualName = "manual";

export function isManual(holder: Holder): boolean {
  return holder.created === undefined;
}

/**
 * By the reader's clock against the holder's, as kured does it. Only an entry that was written with a TTL ever expires, so
 * without `--lock-ttl` no clock takes a slot from anybody.
 */
export function isExpired({ created, TTL }: Holder, now: number): boolean {
  if (typeof TTL !== "number" || TTL <= 0 || typeof created !== "string") return false;
  return now - Date.parse(created) >= TTL / 1e6;
}

/** Whether a live entry is this very node's. A manual entry is nobody's, also when it names this node. */
export function holds(lock: LockValue, self: NodeIdentity, now: number): boolean {
  return (
    lock.state === "readable" && lock.holders.some((holder) => isOwn(holder, self) && !isExpired(holder, now))
  );
}

/** As much of a boot ID as tells those of one node apart. */
export function bootText(bootID: string): string {
  return bootID.slice(0, 8);
}

/** Of this node's live entry; undefined where there is none, or one of a version that does not say it. */
export function bootOf(lock: LockValue, self: NodeIdentity, now: number): string | undefined {
  const own = holdersOf(lock).find((holder) => isOwn(holder, self) && !isExpired(holder, now));
  return typeof own?.boot === "string" ? own.boot : undefined;
}

/** Whether an entry bears this node's name without being a live one of its own: expired, or of a Node before it. */
export function hasStaleEntry(lock: LockValue, self: NodeIdentity, now: number): boolean {
  return (
    lock.state === "readable" &&
    lock.holders.some((holder) => isNamed(holder, self)) &&
    !holds(lock, self, now)
  );
}

/** Entering twice is the same slot. What has expired makes room. Only of the last one it matters how long it has waited. */
export function enter(holders: readonly Holder[], holder: Holder, now: number): readonly Holder[] {
  const self = { name: holder.nodeID, uid: holder.nodeUID };
  const live = holders.filter((other) => isManual(other) || !isExpired(other, now));
  if (live.some((other) => isOwn(other, self))) return live;
  return [...leave(live, self).map(({ neededSince: _, ...other }) => other), holder];
}

/** All that a rebootd of this node has entered goes. */
export function leave(holders: readonly Holder[], self: NodeIdentity): readonly Holder[] {
  return holders.filter((holder) => !isNamed(holder, self));
}

/** The entries of nodes, live or expired; without those that people have made. */
export function nodeHolders(lock: LockValue): readonly Holder[] {
  return holdersOf(lock).filter((holder) => !isManual(holder));
}

/** Those that people have made. */
export function manualHolders(lock: LockValue): readonly Holder[] {
  return holdersOf(lock).filter(isManual);
}

/** The entry that another program, such as kured, has made for this very node: it is that program's to take away. */
export function foreignEntry(lock: LockValue, { name }: NodeIdentity, now: number): Holder | undefined {
  return nodeHolders(lock).find(
    (holder) => holder.nodeID === name && !isOfRebootd(holder) && !isExpired(holder, now),
  );
}

/** The live entries of other nodes; several of one node are one slot. */
export function otherHolders(lock: LockValue, self: NodeIdentity, now: number): readonly Holder[] {
  const others = nodeHolders(lock).filter((holder) => !isNamed(holder, self) && !isExpired(holder, now));
  return [...new Map(others.map((holder) => [holder.nodeID, holder])).values()];
}

function isNamed(holder: Holder, { name }: NodeIdentity): boolean {
  return holder.nodeID === name && !isManual(holder) && isOfRebootd(holder);
}

/** kured and its companions write neither. */
function isOfRebootd({ nodeUID, concurrency }: Holder): boolean {
  return nodeUID !== undefined || concurrency !== undefined;
}

function isOwn(holder: Holder, self: NodeIdentity): boolean {
  const isSameNode = holder.nodeUID === undefined || self.uid === undefined || holder.nodeUID === self.uid;
  return isNamed(holder, self) && isSameNode;
}

function isHolder(value: unknown): value is Holder {
  return isRecord(value) && typeof value["nodeID"] === "string";
}

/** What it says is quoted, kept and written anew. */
function oversizeOf(holder: Holder): string | undefined {
  if (holder.nodeID.length > nameMaxChars)
    return `one of its nodeIDs has more than ${nameMaxChars} characters`;
  if (JSON.stringify(holder).length <= entryMaxChars) return undefined;
  return `one of its locks has more than ${entryMaxChars} characters`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withKnownNames(value: Record<string, unknown>): Record<string, unknown> {
  const pairs = Object.entries(value).map(([name, field]) => [
    fieldNames.get(name.toLowerCase()) ?? name,
    field,
  ]);
  return Object.fromEntries(pairs);
}

function unreadable(annotation: string, fault: string): LockValue {
  return {
    state: "unreadable",
    why: `the lock ${quoted(annotation)} cannot be read: ${fault}; remove the annotation to free the lock`,
  };
}

export function quoted(text: string): string {
  return JSON.stringify(cut(text, 61));
}
