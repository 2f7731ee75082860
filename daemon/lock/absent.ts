import type { Api } from "../cluster/api.ts";
import type { Metadata, PartialObjectMetadata } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import type { Clock } from "../time/clock.ts";
import { type Holder, holdersOf, isManual, type LockValue } from "./lock.ts";
import type { LockObjectState } from "./lock-object.ts";
import { createLook } from "./look.ts";

/**
 * Nodes that are down although the lock does not name them: it was deleted, overwritten, or is another one than when they began.
 * A node that is down cannot put its entry back, so whoever wants to enter looks at the Nodes: all that are cordoned, as the
 * server selects them, and what their records say.
 */
export interface Absent {
  /** As seen just now: with it the node enters. */
  now(signal: AbortSignal): Promise<readonly Holder[]>;
  /** As far as it has to be known before: undefined where none was there when it was looked at last. */
  known(state: LockObjectState, signal: AbortSignal): Promise<readonly Holder[] | undefined>;
  /** To be told of each state of the lock: who has left it since the look was under way with a slot. True where that is so. */
  observe(lock: LockValue): boolean;
}

export interface AbsentOptions {
  api: Api;
  clock: Clock;
  recheckMs: number;
  isUnderWay: (annotations: Readonly<Record<string, string>>) => boolean;
  /** Where the node stands, for the limits of zones and pools. */
  place: (node: { nodeID: string; labels: Readonly<Record<string, string>> }) => Pick<Holder, "nodeID"> & {
    zone?: string | undefined;
    pool?: string | undefined;
  };
}

export function createAbsent({ api, clock, recheckMs, isUnderWay, place }: AbsentOptions): Absent {
  const seen = createLook<readonly Holder[]>(clock);

  async function look(signal: AbortSignal): Promise<readonly Holder[]> {
    const query = { fieldSelector: "spec.unschedulable=true" };
    const options = { signal, query, metadataOnly: "list" } as const;
    const cordoned = await listAll<PartialObjectMetadata>(api, paths.nodes, options);
    return cordoned
      .map(({ metadata }) => metadata ?? {})
      .filter(({ annotations = {} }) => isUnderWay(annotations))
      .map(holderOf);
  }

  function holderOf({ name = "", uid, labels = {} }: Metadata): Holder {
    const { zone, pool } = place({ nodeID: name, labels });
    return {
      nodeID: name,
      created: "",
      // What it has been told is not known: only the reader's own limit counts.
      concurrency: Number.POSITIVE_INFINITY,
      ...(uid !== undefined && { nodeUID: uid }),
      ...(zone !== undefined && { zone }),
      ...(pool !== undefined && { pool }),
    };
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

/** Those of them that the lock does not name, and whose slot no person has taken away. */
export function missingIn(
  { lock, unlocked }: LockObjectState,
  nodes: readonly Holder[] | undefined,
): readonly Holder[] | undefined {
  const named = new Set(
    holdersOf(lock)
      .filter((holder) => !isManual(holder))
      .map(({ nodeID }) => nodeID),
  );
  for (const { node } of unlocked) named.add(node);
  return nodes?.filter(({ nodeID }) => !named.has(nodeID));
}
