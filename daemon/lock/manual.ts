import { iso } from "../time/iso.ts";
import {
  type Holder,
  holdersOf,
  isManual,
  isSeveral,
  type LockChange,
  type LockValue,
  limitIn,
  manualName,
  nodeHolders,
  quoted,
} from "./lock.ts";
import type { Unlocked } from "./unlocked.ts";

/**
 * A person's edit of the lock: a change, or the reason why there is none. Without either there is nothing to
 * do.
 */
export interface LockEdit {
  change?: LockChange;
  /** Nodes whose slot is taken away for good: they do not put their entry back while they are down. */
  unlocked?: readonly Unlocked[];
  refused?: string;
}

/**
 * Adds a manual entry beside the holders, which finish their cycles. An entry that is there gets the new
 * reason.
 */
export function lockByHand(lock: LockValue, reason: string | undefined, now: number): LockEdit {
  if (lock.state === "unreadable") return { refused: lock.why };
  const holders = holdersOf(lock).filter(
    ({ nodeID, created }) => nodeID !== manualName || created !== undefined,
  );
  const alone = holders.find((holder) => isLostInCompany(holder, lock));
  if (alone !== undefined) {
    const who = `${quoted(alone.nodeID)} holds the lock for a kured with a concurrency of 1`;
    return {
      refused: `${who}, which would lose its slot to a second entry; lock when that node has released it`,
    };
  }
  const since = iso(now);
  const manual: Holder = { nodeID: manualName, since, ...(reason !== undefined && { reason }) };
  return { change: { holders: [...holders, manual], concurrency: limitIn(lock) } };
}

/** The entries to remove: manual ones, one node's slot, or everything, also an unreadable lock. */
export type Which =
  | "manual"
  | "all"
  /** `isDown`: the record on its Node is in mid-cycle, so it may put an entry back that the lock has lost. */
  | { node: string; isDown?: boolean };

export function unlockByHand(lock: LockValue, which: Which, now: number): LockEdit {
  const at = iso(now);
  const taken = (holders: readonly Holder[]) =>
    holders.filter((holder) => !isManual(holder)).map(({ nodeID }) => ({ node: nodeID, at }));
  if (which === "all") return { change: { holders: [], concurrency: 1 }, unlocked: taken(holdersOf(lock)) };
  if (lock.state === "unreadable") return { refused: lock.why };
  const goes = (holder: Holder) =>
    which === "manual" ? isManual(holder) : holder.nodeID === which.node && !isManual(holder);
  const before = holdersOf(lock);
  const holders = before.filter((holder) => !goes(holder));
  if (holders.length < before.length) {
    const unlocked = taken(before.filter(goes));
    return { change: { holders, concurrency: limitIn(lock) }, ...(unlocked.length > 0 && { unlocked }) };
  }
  if (which === "manual") return {};
  if (which.isDown === true) return { unlocked: [{ node: which.node, at }] };
  const names = nodeHolders(lock).map(({ nodeID }) => nodeID);
  const known = names.length > 0 ? `holders: ${names.join(", ")}` : "no node holds one";
  return { refused: `${quoted(which.node)} holds no slot; ${known}` };
}

function isLostInCompany(holder: Holder, lock: LockValue): boolean {
  return !isSeveral(lock) && !isManual(holder) && holder.concurrency === undefined;
}
