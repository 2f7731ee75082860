import { type Question, refusalOf } from "./facts.ts";
import { afterCycle, type CycleEnd, type HaltAfter } from "./failures.ts";
import { countsAsReboot } from "./interval.ts";
import { groupsOf, type Limits, type Waiting } from "./limits.ts";
import {
  bootText,
  createdNow,
  enter,
  type Holder,
  holdersOf,
  holds,
  type LockValue,
  leave,
  limitIn,
} from "./lock.ts";
import type { LockObjectChange, LockObjectState } from "./lock-object.ts";
import { forgotten, isUnlocked } from "./unlocked.ts";

/**
 * Pure: the changes that a daemon makes to the lock, each from what was read. Undefined stands for "as it
 * is".
 */

/** The parts of an own entry that neither the node nor the limits give. */
export interface EntryOptions {
  /** True if the node was cordoned before. */
  unschedulable: boolean;
  /** 0 is for ever. */
  ttlMs: number;
}

/** Takes a slot, unless the node holds one or is refused. */
export function planAcquire(
  question: Question,
  options: EntryOptions,
  now: number,
): LockObjectChange | undefined {
  const { state, waiting, limits } = question;
  if (holds(state.lock, waiting.identity, now) || refusalOf(question, now) !== undefined) return undefined;
  return withEntry(state, entryOf(waiting, limits, options, now), limits, now);
}

/** Puts the entry of a node that is down back, whatever the limits are; not against a person's will. */
export function planReenter(
  { state, waiting, limits }: Pick<Question, "state" | "waiting" | "limits">,
  ttlMs: number,
  now: number,
): LockObjectChange | undefined {
  const { lock, unlocked } = state;
  const { identity } = waiting;
  if (lock.state === "unreadable" || isUnlocked(unlocked, identity.name) || holds(lock, identity, now)) {
    return undefined;
  }
  return withEntry(state, entryOf(waiting, limits, { unschedulable: false, ttlMs }, now), limits, now);
}

export interface Release {
  /** The name of this node. */
  name: string;
  /** The entries as they were seen: another daemon of this node may have entered since. */
  seen: readonly Holder[];
  /** The end of the cycle, if one has ended: it counts among the failures in a row. */
  end: CycleEnd | undefined;
  haltAfter: HaltAfter;
  /** The writer's own, which decide on the shape, and whether the time of a reboot is kept. */
  limits: Pick<Limits, "concurrency" | "minIntervalMs">;
}

/** Removes all entries that this node has made, and counts how its cycle has ended. */
export function planRelease(
  { lock, unlocked, failures }: LockObjectState,
  { name, seen, end, haltAfter, limits: { concurrency, minIntervalMs } }: Release,
  now: number,
): LockObjectChange | undefined {
  const change = planRemove(lock, seen.filter(isEnteredBy(name)), concurrency);
  const rest = forgotten(unlocked, name);
  if (change === undefined && rest === undefined) return undefined;
  const counted = end && afterCycle(failures, end, name, haltAfter);
  const isPaced = minIntervalMs !== undefined && end !== undefined && countsAsReboot(end);
  return {
    ...change,
    ...(rest && { unlocked: rest }),
    ...(counted && { failures: counted }),
    ...(isPaced && { lastRebootAt: now }),
  };
}

/** Removes these very entries, not later ones of the same nodes. */
export function planRemove(
  lock: LockValue,
  entries: readonly Holder[],
  concurrency: number,
): LockObjectChange | undefined {
  const isAmong = ({ nodeID, created }: Holder) =>
    entries.some((entry) => entry.nodeID === nodeID && entry.created === created);
  return without(lock, isAmong, concurrency);
}

/** Marks the entry of a holder that does not come back; undefined where another node has done so. */
export function planMarkOverdue(
  lock: LockValue,
  { nodeID, created }: Holder,
  by: string,
  concurrency: number,
): LockObjectChange | undefined {
  const holders = holdersOf(lock);
  const isIt = (one: Holder) => one.nodeID === nodeID && one.created === created;
  if (!holders.some((one) => isIt(one) && one.overdue === undefined)) return undefined;
  return {
    lock: { holders: holders.map((one) => (isIt(one) ? { ...one, overdue: by } : one)), concurrency },
  };
}

/** Removes all entries of a node from a lock that the node no longer uses. */
export function planLeave(lock: LockValue, name: string): LockObjectChange | undefined {
  return without(lock, isEnteredBy(name), limitIn(lock));
}

/** Adds the own entry beside the others; a person's earlier unlock of this node is over with it. */
function withEntry(
  { lock, unlocked }: LockObjectState,
  entry: Holder,
  { concurrency }: Limits,
  now: number,
): LockObjectChange {
  const rest = forgotten(unlocked, entry.nodeID);
  const holders = enter(holdersOf(lock), entry, now);
  return { lock: { holders, concurrency }, ...(rest && { unlocked: rest }) };
}

function entryOf(
  { identity, labels, neededSince, bootID, softReboots }: Waiting,
  limits: Limits,
  { unschedulable, ttlMs }: EntryOptions,
  now: number,
): Holder {
  const { concurrency } = limits;
  const { zone, pool } = groupsOf(labels, limits);
  // kured shows the fields of an only holder. Many entries have to fit, and kured takes an absent field for
  // the same.
  const isAlone = concurrency === 1;
  return {
    nodeID: identity.name,
    ...((isAlone || unschedulable) && { metadata: { unschedulable } }),
    created: createdNow(now),
    ...((isAlone || ttlMs > 0) && { TTL: ttlMs * 1e6 }),
    concurrency,
    ...(identity.uid !== undefined && { nodeUID: identity.uid }),
    ...(bootID !== undefined && { boot: bootText(bootID, softReboots) }),
    ...(zone !== undefined && { zone }),
    ...(pool !== undefined && { pool }),
    ...(neededSince !== undefined && { neededSince }),
  };
}

function isEnteredBy(name: string): (holder: Holder) => boolean {
  return (holder) => leave([holder], { name }).length === 0;
}

function without(
  lock: LockValue,
  isGone: (holder: Holder) => boolean,
  concurrency: number,
): LockObjectChange | undefined {
  const before = holdersOf(lock);
  const holders = before.filter((holder) => !isGone(holder));
  return holders.length < before.length ? { lock: { holders, concurrency } } : undefined;
}
