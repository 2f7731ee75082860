import type { Clock } from "../clock.ts";
import type { Api } from "../cluster/api.ts";
import { listUnavailable } from "../cluster/nodes.ts";
import { pageSize } from "../cluster/pages.ts";
import { holdersOf, type LockValue } from "./slots.ts";

/** Which Nodes are not Ready or cordoned, for `--max-unavailable`. */
export interface Unavailable {
  /** As seen just now. */
  now(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * As far as it has to be known: undefined where it is not yet this node's turn, and they were not in the way before.
   * `isRefused` says whether they are.
   */
  enough(asked: Asked, signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** To be told of each state of the lock. */
  heed(lock: LockValue): void;
}

export interface Asked {
  lock: LockValue;
  turn: boolean;
  isRefused: (unavailable: readonly string[]) => boolean;
}

export interface UnavailableOptions {
  api: Api;
  clock: Clock;
  /** How soon Nodes that are in the way may be looked at again. */
  recheckMs: number;
}

/** What was seen so recently counts as seen just now: the look at this node's turn is the one with which it enters. */
const freshMs = 5000;

interface Look {
  at: number;
  names: readonly string[];
  pages: number;
  /** Who was seen in the lock since. */
  holders: readonly string[];
}

/**
 * All Nodes are many pages in a large cluster, so they are looked at only where that decides: with a slot free, at this
 * node's turn. Found in the way, they stay so for as many periods as there are pages: no node that waits asks for more than
 * a page a period. What was seen never lets anybody in later, but for the few seconds between a turn and its entry.
 */
export function createUnavailable({ api, clock, recheckMs }: UnavailableOptions): Unavailable {
  let last: Look | undefined;

  async function look(holders: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const { names, clusterSize } = await listUnavailable(api, signal);
    const pages = Math.max(1, Math.ceil(clusterSize / pageSize));
    last = { at: clock.elapsed(), names, pages, holders };
    return names;
  }

  /** What was seen last, if it is not older than that. */
  function seenWithin(ms: number): readonly string[] | undefined {
    return last !== undefined && clock.elapsed() - last.at < ms ? last.names : undefined;
  }

  /** Who has left the lock was perhaps unavailable only while it was in. */
  function heed(lock: LockValue): void {
    if (last === undefined) return;
    const holders = namesIn(lock);
    last = last.holders.every((name) => holders.includes(name)) ? { ...last, holders } : undefined;
  }

  return {
    heed,
    now: async (signal) => seenWithin(freshMs) ?? (await look([], signal)),
    async enough({ lock, turn, isRefused }, signal) {
      const { names = [], pages = 1 } = last ?? {};
      const wereInTheWay = isRefused(names);
      const lastsMs = wereInTheWay ? recheckMs * pages : freshMs;
      return seenWithin(lastsMs) ?? (turn || wereInTheWay ? await look(namesIn(lock), signal) : undefined);
    },
  };
}

function namesIn(lock: LockValue): readonly string[] {
  return holdersOf(lock).map(({ nodeID }) => nodeID);
}
