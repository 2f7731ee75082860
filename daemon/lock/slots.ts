/**
 * The lock as a value: what the annotation says, who may enter, and what it says afterwards. Readable by kured, in both
 * of its shapes: one holder `{"nodeID":…}`, several `{"maxOwners":2,"locks":[…]}`.
 */

/** One entry. Fields that others added are kept as they are. */
export interface Holder {
  nodeID: string;
  metadata?: { unschedulable?: boolean };
  /** RFC 3339. Daemons always write it, people do not: an entry without it is a manual one. */
  created?: string;
  /** Nanoseconds; 0 is for ever. */
  TTL?: number;
  /** UID of the holder's Node; kured ignores it. */
  nodeUID?: string;
}

export type LockValue =
  | { state: "readable"; holders: readonly Holder[] }
  | { state: "unreadable"; why: string };

export interface Refusal {
  code: "lock-unreadable" | "lock-manual" | "lock-taken";
  message: string;
}

/** The value of the annotation; undefined where there is none. */
export function parseLock(annotation: string | undefined): LockValue {
  if (annotation === undefined) return { state: "readable", holders: [] };
  let value: unknown;
  try {
    value = JSON.parse(annotation);
  } catch {
    return unreadable(annotation, "it is not JSON");
  }
  if (isHolder(value)) return { state: "readable", holders: [value] };
  const locks = isRecord(value) ? value["locks"] : undefined;
  if (isRecord(value) && "locks" in value && (locks === null || Array.isArray(locks))) {
    const holders = locks ?? [];
    if (holders.every(isHolder)) return { state: "readable", holders };
    return unreadable(annotation, "one of its locks has no nodeID");
  }
  return unreadable(annotation, "it has neither nodeID nor locks");
}

/** The annotation's new value; null removes it. The several shape is kept for as long as it is needed. */
export function writeLock(holders: readonly Holder[], concurrency: number): string | null {
  const [first] = holders;
  if (first === undefined) return null;
  if (concurrency === 1 && holders.length === 1) return JSON.stringify(first);
  return JSON.stringify({ maxOwners: concurrency, locks: holders });
}

export function isManual(holder: Holder): boolean {
  return holder.created === undefined;
}

/** A manual entry is nobody's, also when it names this node. */
export function holds(lock: LockValue, nodeID: string): boolean {
  return lock.state === "readable" && lock.holders.some((holder) => isOf(holder, nodeID));
}

/** Why this node may not start a cycle now; undefined when it may. Its own slot does not stand in its way. */
export function refusal(lock: LockValue, nodeID: string, concurrency: number): Refusal | undefined {
  if (lock.state === "unreadable") return { code: "lock-unreadable", message: lock.why };
  const manual = lock.holders.find(isManual);
  if (manual !== undefined) {
    return { code: "lock-manual", message: `the lock is set by hand (${quoted(manual.nodeID)})` };
  }
  const others = lock.holders.filter((holder) => !isOf(holder, nodeID));
  if (others.length < concurrency) return undefined;
  return { code: "lock-taken", message: `all slots are taken (${others.length} of ${concurrency})` };
}

/** Entering twice is the same slot. */
export function enter(holders: readonly Holder[], holder: Holder): readonly Holder[] {
  return holders.some((other) => isOf(other, holder.nodeID)) ? holders : [...holders, holder];
}

export function leave(holders: readonly Holder[], nodeID: string): readonly Holder[] {
  return holders.filter((holder) => !isOf(holder, nodeID));
}

function isOf(holder: Holder, nodeID: string): boolean {
  return holder.nodeID === nodeID && !isManual(holder);
}

function isHolder(value: unknown): value is Holder {
  return isRecord(value) && typeof value["nodeID"] === "string";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unreadable(annotation: string, fault: string): LockValue {
  return {
    state: "unreadable",
    why: `the lock ${quoted(annotation)} cannot be read: ${fault}; remove the annotation to free it`,
  };
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
