import type { Api } from "../cluster/api.ts";
import { listUnavailable } from "../cluster/nodes.ts";
import { pageSize } from "../cluster/pages.ts";
import type { Clock } from "../time/clock.ts";
import type { LockValue } from "./lock.ts";
import { createLook, freshMs } from "./look.ts";

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
  observe(lock: LockValue): void;
}

export interface Asked {
  turn: boolean;
  isRefused: (unavailable: readonly string[]) => boolean;
}

export interface UnavailableOptions {
  api: Api;
  clock: Clock;
  /** How soon Nodes that are in the way may be looked at again. */
  recheckMs: number;
}

/**
 * All Nodes are many pages in a large cluster, so they are looked at only where that decides: with a slot free, at this
 * node's turn. Found in the way, they stay so for as many periods as there are pages: no node that waits asks for more than
 * a page a period. What was seen never lets anybody in later, but for the few seconds between a turn and its entry.
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
