/**
 * The lock as a value: its annotation, its holders, and the annotation afterwards. Pure. kured can read it,
 * in both of its shapes: one holder `{"nodeID":…}`, several `{"maxOwners":2,"locks":[…]}`. The rules for
 * entering are in limits.ts.
 */

import { annotationsMaxChars, parseBoundedJson } from "../text/bounded-json.ts";
import { cut } from "../text/cut.ts";
import { iso } from "../time/iso.ts";

/** One entry. Fields that others added are kept as they are. */
export interface Holder {
  nodeID: string;
  metadata?: { unschedulable?: boolean };
  /** RFC 3339. Daemons always write it, people do not: an entry without it is a manual one. See {@link createdNow}. */
  created?: string;
  /** Nanoseconds; 0 is for ever. */
  TTL?: number;
  // The following fields are those of rebootd; kured ignores them.
  /** UID of the holder's Node, which tells it from a later one of the same name. */
  nodeUID?: string;
  /**
   * The beginning of the boot ID before its cycle, see {@link bootText}: so the proof of the reboot is not on
   * its Node alone.
   */
  boot?: string;
  /** The holder's own limit of nodes in the lock, itself included. A rebootd always writes it. */
  concurrency?: number;
  zone?: string;
  pool?: string;
  /** RFC 3339: since when its reboot had been needed. Only on the one that has entered last. */
  neededSince?: string;
  /** The node that has sent people a message about this holder, which does not come back. */
  overdue?: string;
  /** The reason and the time (RFC 3339) of a manual entry. */
  reason?: string;
  since?: string;
}

/** More than fit, as short as they can be. */
const entriesMax = 3000;
/** An entry has some 200, and others may have added fields. */
const entryMaxChars = 4096;
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const nameMaxChars = 253;

/** A node, distinct from a later one of the same name. The UID is unknown until the Node was first read. */
export interface NodeIdentity {
  name: string;
  uid?: string | undefined;
}

export type LockValue =
  /**
   * `maxOwners` is there in the shape for several holders, and says what its last writer thought of the
   * limit.
   */
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

/** The new value of the lock. */
export interface LockChange {
  holders: readonly Holder[];
  /** The writer's own limit, which decides on the shape. */
  concurrency: number;
}

/**
 * The annotation's new value; null removes it. With a limit of one it has the single shape, unless the lock
 * was found in the several shape: a kured that holds a slot in one shape does not find its entry in the
 * other, and never releases it.
 */
export function writeLock({ holders, concurrency }: LockChange, before: LockValue): string | null {
  const [first] = holders;
  if (first === undefined) return null;
  if (concurrency === 1 && holders.length === 1 && !isSeveral(before)) return JSON.stringify(first);
  return JSON.stringify({ maxOwners: concurrency, locks: holders });
}

/** The lock that {@link parseLock} reads in what {@link writeLock} writes. */
export function lockAfter({ holders, concurrency }: LockChange, before: LockValue): LockValue {
  const isSingle = holders.length === 1 && concurrency === 1 && !isSeveral(before);
  if (holders.length === 0 || isSingle) return { state: "readable", holders };
  return { state: "readable", holders, maxOwners: concurrency };
}

/** Less than {@link annotationsMaxChars}, so that others have room too. */
const lockMaxChars = 240 * 1024;
/** An entry is its name and about so much. */
const entryChars = 158;

/** About how many holders fit into the lock, where their names are as long as this one. */
export function holdersMax(nodeName: string): number {
  return Math.floor(lockMaxChars / (nodeName.length + entryChars));
}

/** True if the annotation has no room for another entry. */
export function isFull(lock: LockValue, nodeName: string): boolean {
  const holders = holdersOf(lock);
  if (holders.length < holdersMax("n".repeat(nameMaxChars)) - 1) return false;
  const value = writeLock({ holders, concurrency: holders.length + 1 }, lock) ?? "";
  return value.length + nodeName.length + 2 * entryChars > lockMaxChars;
}

/** True for the shape for several holders. */
export function isSeveral(lock: LockValue): boolean {
  return lock.state === "readable" && lock.maxOwners !== undefined;
}

/** The limit of the last writer. */
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
 * Compares the reader's clock with the holder's, as kured does. Only an entry that was written with a TTL
 * ever expires, so without `--lock-ttl` no clock takes a slot away.
 */
export function isExpired({ created, TTL }: Holder, now: number): boolean {
  if (typeof TTL !== "number" || TTL <= 0 || typeof created !== "string") return false;
  return now - Date.parse(created) >= TTL / 1e6;
}

/**
 * True if a live entry is that of this very node. A manual entry belongs to no node, even if it names one.
 */
export function holds(lock: LockValue, self: NodeIdentity, now: number): boolean {
  return (
    lock.state === "readable" && lock.holders.some((holder) => isOwn(holder, self) && !isExpired(holder, now))
  );
}

/**
 * The beginning of a boot ID, long enough to tell those of one node apart; where a soft reboot is to come, with the
 * count of those before: `1c09ca98+0`.
 */
export function bootText(bootID: string, softReboots?: number): string {
  return bootID.slice(0, 8) + (softReboots === undefined ? "" : `+${softReboots}`);
}

/** Whether a soft reboot is to be proved after such a {@link bootText}, which has the count of those before. */
export function namesSoftReboot(boot: string): boolean {
  return boot.includes("+");
}

/** The part of a {@link bootText} that is the boot ID's. */
export function bootIDIn(boot: string): string {
  return boot.split("+")[0] ?? "";
}

/**
 * The boot ID in this node's live entry; undefined without such an entry, or if a version without the field
 * wrote it.
 */
export function bootOf(lock: LockValue, self: NodeIdentity, now: number): string | undefined {
  const own = holdersOf(lock).find((holder) => isOwn(holder, self) && !isExpired(holder, now));
  return typeof own?.boot === "string" ? own.boot : undefined;
}

/**
 * True if an entry has this node's name and is not its live one: it has expired, or is that of an earlier
 * Node.
 */
export function hasStaleEntry(lock: LockValue, self: NodeIdentity, now: number): boolean {
  return (
    lock.state === "readable" &&
    lock.holders.some((holder) => isNamed(holder, self)) &&
    !holds(lock, self, now)
  );
}

/** Entering twice is the same slot. Expired entries are removed. Only the last entry keeps `neededSince`. */
export function enter(holders: readonly Holder[], holder: Holder, now: number): readonly Holder[] {
  const self = { name: holder.nodeID, uid: holder.nodeUID };
  const live = holders.filter((other) => isManual(other) || !isExpired(other, now));
  if (live.some((other) => isOwn(other, self))) return live;
  return [...leave(live, self).map(({ neededSince: _, ...other }) => other), holder];
}

/** Removes all entries that a rebootd of this node has made. */
export function leave(holders: readonly Holder[], self: NodeIdentity): readonly Holder[] {
  return holders.filter((holder) => !isNamed(holder, self));
}

/** The entries of nodes, live or expired, without manual ones. */
export function nodeHolders(lock: LockValue): readonly Holder[] {
  return holdersOf(lock).filter((holder) => !isManual(holder));
}

/** The entries that people have made. */
export function manualHolders(lock: LockValue): readonly Holder[] {
  return holdersOf(lock).filter(isManual);
}

/**
 * The entry that another program, such as kured, has made for this very node: only that program removes it.
 */
export function foreignEntry(lock: LockValue, { name }: NodeIdentity, now: number): Holder | undefined {
  return nodeHolders(lock).find(
    (holder) => holder.nodeID === name && !isOfRebootd(holder) && !isExpired(holder, now),
  );
}

/** The live entries of other nodes; several of one node are one slot. */
export function otherHolders(lock: LockValue, self: NodeIdentity, now: number): readonly Holder[] {
  const others = new Map<string, Holder>();
  for (const holder of nodeHolders(lock)) {
    if (!isNamed(holder, self) && !isExpired(holder, now)) others.set(holder.nodeID, holder);
  }
  return [...others.values()];
}

function isNamed(holder: Holder, { name }: NodeIdentity): boolean {
  return holder.nodeID === name && !isManual(holder) && isOfRebootd(holder);
}

/**
 * The nanoseconds in the `created` of a rebootd. In the shape for several, kured writes each entry again with
 * the fields that it knows alone: `nodeID`, `metadata`, `created`, `TTL`. So a rebootd would not find its own
 * entry by the others, and would never release it.
 */
const ownNanoseconds = "000001Z";

/** The `created` of an entry that a rebootd makes now: RFC 3339 with nanoseconds, which tell that it is one. */
export function createdNow(now: number): string {
  return iso(now).replace(/Z$/, ownNanoseconds);
}

/** kured and its companions write none of them. */
function isOfRebootd({ nodeUID, concurrency, created }: Holder): boolean {
  if (nodeUID !== undefined || concurrency !== undefined) return true;
  return typeof created === "string" && created.endsWith(ownNanoseconds);
}

function isOwn(holder: Holder, self: NodeIdentity): boolean {
  const isSameNode = holder.nodeUID === undefined || self.uid === undefined || holder.nodeUID === self.uid;
  return isNamed(holder, self) && isSameNode;
}

function isHolder(value: unknown): value is Holder {
  return isRecord(value) && typeof value["nodeID"] === "string";
}

/** An entry is quoted in messages, and written again with all its fields, so its size is bounded. */
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
