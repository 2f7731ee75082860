import type { LockObjectState } from "./lock-object.ts";

/** The conflicts of one change of the lock. */
export interface Conflicts {
  readonly count: number;
  /** The next write stands on this state. */
  writeOn(state: LockObjectState): void;
  /** Counts one more; true if it is to be the last one. */
  isTooMany(): boolean;
}

/** So many nodes in a row may come before this one; more are a fault. */
const conflictsMax = 12;

/**
 * Each conflict has a winner, so with many nodes they are to be expected. `inVainMax`: of those between which no node has
 * entered or left, as something else writes the object.
 */
export function createConflicts(inVainMax = conflictsMax): Conflicts {
  let count = 0;
  let inVain = 0;
  let before: LockObjectState | undefined;
  return {
    get count() {
      return count;
    },
    writeOn(state) {
      if (before !== undefined && entriesIn(before) === entriesIn(state)) inVain += 1;
      before = state;
    },
    isTooMany() {
      count += 1;
      return count > conflictsMax || inVain >= inVainMax;
    },
  };
}

function entriesIn({ lock }: LockObjectState): string {
  if (lock.state === "unreadable") return "";
  return lock.holders.map(({ nodeID, created }) => `${nodeID} ${created}`).join();
}
