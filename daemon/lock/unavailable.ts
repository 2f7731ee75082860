import type { Api } from "../cluster/api.ts";
import { listUnavailable } from "../cluster/nodes.ts";
import { pageSize } from "../cluster/pages.ts";
import type { Clock } from "../time/clock.ts";
import type { LockValue } from "./lock.ts";
import { createLook, freshMs } from "./look.ts";

/** The Nodes that are not Ready or cordoned, for `--max-unavailable`. */
export interface Unavailable {
  /** Lists them now. */
  now(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * The answer for a node that waits: undefined if it is not yet its turn and none was in the way before.
   * `isRefused` tells whether the given Nodes are in the way.
   */
  enough(asked: Asked, signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** Takes note of each state of the lock. */
  observe(lock: LockValue): void;
}

export interface Asked {
  turn: boolean;
  isRefused: (unavailable: readonly string[]) => boolean;
}

export interface UnavailableOptions {
  api: Api;
  clock: Clock;
  /** Nodes that are in the way are listed again after so many milliseconds for each page. */
  recheckMs: number;
}

/**
 * All Nodes are many pages in a large cluster, so they are listed only if that decides: with a slot free, at
 * this node's turn. Nodes in the way count for as many periods as there are pages: so a waiting node lists no
 * more than a page in a period. A list never lets a node in later, but for the few seconds between its turn
 * and its entry.
 */
export function createUnavailable({ api, clock, recheckMs }: UnavailableOptions): Unavailable {
  const seen = createLook<{ names: readonly string[]; pages: number }>(clock);

  async function look(signal: AbortSignal): Promise<readonly string[]> {
    const { names } = await seen.now(async () => {
      const { names, clusterSize } = await listUnavailable(api, signal);
      return { names, pages: Math.max(1, Math.ceil(clusterSize / pageSize)) };
    });
    return names;
  }

  return {
    observe: seen.observe,
    now: async (signal) => seen.within(freshMs)?.names ?? (await look(signal)),
    async enough({ turn, isRefused }, signal) {
      const { names = [], pages = 1 } = seen.last() ?? {};
      const wereInTheWay = isRefused(names);
      const lastsMs = wereInTheWay ? recheckMs * pages : freshMs;
      return seen.within(lastsMs)?.names ?? (turn || wereInTheWay ? await look(signal) : undefined);
    },
  };
}
