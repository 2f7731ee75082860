import type { Clock } from "../time/clock.ts";
import { holdersOf, type LockValue } from "./lock.ts";

/**
 * A look that is not older counts as made now: the look at this node's turn is the one with which it enters.
 */
export const freshMs = 5000;

/**
 * The last look at other nodes, with its age. A look that found nothing in the way lets a node in only while
 * it is fresh.
 */
export interface Look<T> {
  /** Looks, and keeps the result with the age of its beginning. */
  now(look: () => Promise<T>): Promise<T>;
  /** The last result, however old. */
  last(): T | undefined;
  /** The last result; undefined if it is older than so many milliseconds. */
  within(ms: number): T | undefined;
  /**
   * Takes note of each state of the lock. True if a node has left it. Such a node was perhaps in the way only
   * while it held its slot, so an earlier look no longer counts.
   */
  observe(lock: LockValue): boolean;
}

export function createLook<T>(clock: Clock): Look<T> {
  let known: { seen: T; at: number } | undefined;
  let holders: ReadonlySet<string> = new Set();
  let departures = 0;
  return {
    async now(look) {
      const at = clock.elapsed();
      const before = departures;
      const seen = await look();
      known = departures === before ? { seen, at } : undefined;
      return seen;
    },
    last: () => known?.seen,
    within: (ms) => (known !== undefined && clock.elapsed() - known.at < ms ? known.seen : undefined),
    observe(lock) {
      const names = new Set(holdersOf(lock).map(({ nodeID }) => nodeID));
      const hasSomebodyLeft = ![...holders].every((name) => names.has(name));
      if (hasSomebodyLeft) {
        known = undefined;
        departures += 1;
      }
      holders = names;
      return hasSomebodyLeft;
    },
  };
}
