import type { Api } from "../cluster/api.ts";
import { readNodeMetadata } from "../cluster/nodes.ts";
import type { Clock, Random } from "../time/clock.ts";
import { type Holder, isManual } from "./lock.ts";

/** A missing Node may come back at once, for example when its kubelet registers again. */
const looksApartMs = 30_000;

/**
 * A waiting daemon asks for so many Nodes at most in one go: others that wait begin elsewhere in the lock.
 */
const looksMax = 10;
/**
 * A holder whose Node is gone never releases its slot: a few are looked after within minutes, then one at a
 * time.
 */
const firstPatrolMs = { least: 30_000, most: 5 * 60_000 };
const patrolMs = { least: 30 * 60_000, most: 40 * 60_000 };

export interface PatrolOptions {
  clock: Clock;
  random: Random;
  holders: () => readonly Holder[];
  /** Removes those of them that are orphans. */
  remove: (suspects: readonly Holder[]) => Promise<void>;
  onError: (error: unknown) => void;
}

/** Looks for orphans among the holders now and then, until the signal ends it. */
export async function patrolOrphans(options: PatrolOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, holders, remove, onError } = options;
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const { least, most } = isFirst ? firstPatrolMs : patrolMs;
    try {
      await clock.sleep(least + random() * (most - least), signal);
      await remove(someOf(holders(), isFirst ? looksMax : 1, random));
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
  }
}

/** At most so many of them, in their order, from a random one on. */
function someOf<T>(items: readonly T[], most: number, random: Random): readonly T[] {
  if (items.length <= most) return items;
  const from = Math.floor(random() * items.length);
  return [...items.slice(from), ...items.slice(0, from)].slice(0, most);
}

/**
 * The holders whose Node is gone, or is another one of that name, in two looks that are half a minute apart.
 */
export async function findOrphans(
  { api, clock }: { api: Api; clock: Clock },
  holders: readonly Holder[],
  ownName: string,
  signal: AbortSignal,
): Promise<readonly Holder[]> {
  const suspects = await orphansAmong(api, holders, ownName, signal);
  if (suspects.length === 0) return [];
  await clock.sleep(looksApartMs, signal);
  return await orphansAmong(api, suspects, ownName, signal);
}

async function orphansAmong(
  api: Api,
  holders: readonly Holder[],
  ownName: string,
  signal: AbortSignal,
): Promise<readonly Holder[]> {
  const orphans: Holder[] = [];
  for (const holder of holders) {
    // Only a person removes a manual entry, whatever it names.
    if (isManual(holder) || holder.nodeID === ownName) continue;
    const node = await readNodeMetadata(api, holder.nodeID, signal);
    const isAnother = holder.nodeUID !== undefined && node?.uid !== holder.nodeUID;
    if (node === undefined || isAnother) orphans.push(holder);
  }
  return orphans;
}
