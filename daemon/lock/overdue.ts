import { type Api, unlessNotFound } from "../cluster/api.ts";
import { isReady } from "../cluster/nodes.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { Clock, Random } from "../time/clock.ts";
import { type Holder, isManual } from "./lock.ts";

/** A holder that has had more time than a cycle takes, and whose Node is not Ready. Times are RFC 3339. */
export interface Overdue {
  node: string;
  heldSince: string;
  notReadySince: string | undefined;
  /** This node has marked the holder's entry, so it alone tells people. */
  isOurs?: boolean;
}

/**
 * Reads the Node of a holder; undefined if it is Ready. A Node that is gone makes an orphan, see orphans.ts.
 */
export async function lookAtHolder(
  api: Api,
  { nodeID, created = "" }: Holder,
  signal: AbortSignal,
): Promise<Overdue | undefined> {
  const node = await unlessNotFound(() => api.get<WholeNode>(paths.node(nodeID), { signal }));
  if (node === undefined || isReady(node)) return undefined;
  const ready = (node.status?.conditions ?? []).find(({ type }) => type === "Ready");
  return {
    node: nodeID,
    heldSince: created.replace(/\.\d+Z$/, "Z"),
    notReadySince: ready?.lastTransitionTime,
  };
}

export interface VigilOptions {
  clock: Clock;
  random: Random;
  /** A cycle without trouble holds its slot for no longer. */
  overdueMs: number;
  holders: () => readonly Holder[];
  look: (holder: Holder, signal: AbortSignal) => Promise<Overdue | undefined>;
  /** Resolves with whether it is this node that is to tell people. */
  mark: (holder: Holder, signal: AbortSignal) => Promise<boolean>;
  onOverdue: (overdue: readonly Overdue[]) => void;
  onError: (error: unknown) => void;
}

const lapMs = 60_000;
/** Thousands of nodes wait for the same holders, so each reads a late holder only so often. */
const lookAgainMs = 60 * 60_000;
/** The number of Nodes that are read in a lap, at most. */
const looksMax = 3;

interface Watched {
  /** Moments of `clock.elapsed()`: the holder's clock may be another one than ours. */
  firstSeen: number;
  lookedAt?: number;
  overdue?: Overdue | undefined;
}

/** Reports holders that are late, until the signal ends it: their own daemons may be down with them. */
export async function keepVigil(options: VigilOptions, self: string, signal: AbortSignal): Promise<void> {
  const { clock, random, overdueMs, holders, look, mark, onOverdue, onError } = options;
  const watched = new Map<string, Watched>();
  for (;;) {
    const others = holders().filter((holder) => !isManual(holder) && holder.nodeID !== self);
    const entries = new Map(others.map((holder) => [`${holder.nodeID} ${holder.created}`, holder]));
    for (const key of watched.keys()) if (!entries.has(key)) watched.delete(key);
    let looks = 0;
    for (const [key, holder] of entries) {
      const one = watched.get(key) ?? { firstSeen: clock.elapsed() };
      watched.set(key, one);
      const isLate = clock.elapsed() - one.firstSeen > overdueMs;
      const isDue = one.lookedAt === undefined || clock.elapsed() - one.lookedAt >= lookAgainMs;
      if (!isLate || !isDue || looks >= looksMax) continue;
      looks += 1;
      one.lookedAt = clock.elapsed();
      try {
        const found = await look(holder, signal);
        const isNews = found !== undefined && one.overdue === undefined && holder.overdue === undefined;
        // A mark that fails is tried again in the next lap.
        if (isNews) delete one.lookedAt;
        one.overdue = isNews ? { ...found, isOurs: await mark(holder, signal) } : found;
        one.lookedAt = clock.elapsed();
      } catch (error) {
        if (!signal.aborted) onError(error);
      }
    }
    if (signal.aborted) return;
    onOverdue([...watched.values()].flatMap(({ overdue }) => overdue ?? []));
    await clock.sleep(lapMs * (0.5 + random() / 2), signal).catch(() => {});
    if (signal.aborted) return;
  }
}
