import { type Api, unlessNotGranted } from "../cluster/api.ts";
import type { Metadata, PartialObjectMetadata } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import type { Clock } from "../time/clock.ts";
import { missingIn } from "./facts.ts";
import { groupsOf, type Limits } from "./limits.ts";
import type { Holder, LockValue } from "./lock.ts";
import type { LockObjectState } from "./lock-object.ts";
import { createLook } from "./look.ts";

/**
 * Nodes that are down although the lock does not name them: the lock was deleted, overwritten, or is another
 * one than when their cycle began. A node that is down cannot put its entry back. So a node that is about to
 * enter lists all cordoned Nodes, as the server selects them, and reads their records.
 */
export interface Absent {
  /** Lists them now: the answer with which the node enters. */
  now(signal: AbortSignal): Promise<readonly Holder[]>;
  /** The answer for a node that waits: undefined if the last look found none. */
  known(state: LockObjectState, signal: AbortSignal): Promise<readonly Holder[] | undefined>;
  /**
   * Takes note of each state of the lock. True if a node has left the lock: it may have been under way at the
   * last look.
   */
  observe(lock: LockValue): boolean;
}

export interface AbsentOptions extends Pick<Limits, "maxPerZone" | "maxPerPool" | "poolLabel"> {
  api: Api;
  clock: Clock;
  recheckMs: number;
  isUnderWay: (annotations: Readonly<Record<string, string>>) => boolean;
}

/** Pure: the entry that such a Node would have in the lock. */
export function absentHolder(
  { name = "", uid, labels = {} }: Metadata,
  groups: Parameters<typeof groupsOf>[1],
): Holder {
  const { zone, pool } = groupsOf(labels, groups);
  return {
    nodeID: name,
    created: "",
    // Its own limit is unknown: only the reader's limit counts.
    concurrency: Number.POSITIVE_INFINITY,
    ...(uid !== undefined && { nodeUID: uid }),
    ...(zone !== undefined && { zone }),
    ...(pool !== undefined && { pool }),
  };
}

export function createAbsent(options: AbsentOptions): Absent {
  const { api, clock, recheckMs, isUnderWay } = options;
  const seen = createLook<readonly Holder[]>(clock);

  async function look(signal: AbortSignal): Promise<readonly Holder[]> {
    const query = { fieldSelector: "spec.unschedulable=true" };
    const call = { signal, query, metadataOnly: "list" } as const;
    const list = () => listAll<PartialObjectMetadata>(api, paths.nodes, call);
    const cordoned = await unlessNotGranted(list, []);
    return cordoned
      .map(({ metadata }) => metadata ?? {})
      .filter(({ annotations = {} }) => isUnderWay(annotations))
      .map((node) => absentHolder(node, options));
  }

  return {
    observe: seen.observe,
    now: (signal) => seen.now(() => look(signal)),
    async known(state, signal) {
      const wereThere = (missingIn(state, seen.last()) ?? []).length > 0;
      return wereThere ? missingIn(state, seen.within(recheckMs) ?? (await this.now(signal))) : undefined;
    },
  };
}
