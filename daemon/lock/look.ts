import type { Clock } from "../time/clock.ts";
import { holdersOf, type LockValue } from "./lock.ts";

/** What was seen so recently counts as seen just now: the look at this node's turn is the one with which it enters. */
export const freshMs = 5000;

/** What was last seen of other nodes, with an age. Well seen it lets a node in for moments alone. */
export interface Look<T> {
  /** Looks, and keeps what was seen as of the beginning. */
  now(look: () => Promise<T>): Promise<T>;
  /** However old. */
  last(): T | undefined;
  /** Undefined where it is older than so many milliseconds. */
  within(ms: number): T | undefined;
  /**
   * To be told of each state of the lock: who has left it since the look was perhaps in the way only while it was in, so
   * that look counts no more. True where somebody has left.
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
