import type { LockValue } from "./lock.ts";

/** The conflicts of one change of the lock. */
export interface Conflicts {
  readonly count: number;
  /** The next write stands on this lock. */
  writeOn(lock: LockValue): void;
  /** Counts one more; true if it is to be the last one. */
  isTooMany(): boolean;
}

/** This many nodes in a row may come before this one; more are a fault. */
const conflictsMax = 12;

/**
 * Each conflict has a winner, so with many nodes they are to be expected. `inVainMax`: of those between which no node has
 * entered or left, as something else writes the object.
 */
export function createConflicts(inVainMax = conflictsMax): Conflicts {
  let count = 0;
  let inVain = 0;
  let before: LockValue | undefined;
  return {
    get count() {
      return count;
    },
    writeOn(lock) {
      if (before !== undefined && entriesIn(before) === entriesIn(lock)) inVain += 1;
      before = lock;
    },
    isTooMany() {
      count += 1;
      return count > conflictsMax || inVain >= inVainMax;
    },
  };
}

function entriesIn(lock: LockValue): string {
  if (lock.state === "unreadable") return "";
  return lock.holders.map(({ nodeID, created }) => `${nodeID} ${created}`).join();
}
