import type { Api } from "../cluster/api.ts";
import { readNodeMetadata } from "../cluster/nodes.ts";
import type { Clock } from "../time/clock.ts";
import { type Holder, isManual, type Self } from "./lock.ts";

/** A Node that is not there may be on its way back, as when its kubelet registers anew. */
const looksApartMs = 30_000;

/** Of so many Nodes a waiting daemon asks at most in one go: others that wait begin elsewhere in the lock. */
export const orphanLooksMax = 10;

/** Those of the holders whose Node is gone, or is another one of that name, in two looks that are half a minute apart. */
export async function findOrphans(
  { api, clock }: { api: Api; clock: Clock },
  holders: readonly Holder[],
  self: Self,
  signal: AbortSignal,
): Promise<readonly Holder[]> {
  const suspects = await orphansAmong(api, holders, self, signal);
  if (suspects.length === 0) return [];
  await clock.sleep(looksApartMs, signal);
  return await orphansAmong(api, suspects, self, signal);
}

async function orphansAmong(
  api: Api,
  holders: readonly Holder[],
  self: Self,
  signal: AbortSignal,
): Promise<readonly Holder[]> {
  const orphans: Holder[] = [];
  for (const holder of holders) {
    // A person's entry is for that person to take away, whatever it names.
    if (isManual(holder) || holder.nodeID === self.nodeID) continue;
    const node = await readNodeMetadata(api, holder.nodeID, signal);
    const isAnother = holder.nodeUID !== undefined && node?.uid !== holder.nodeUID;
    if (node === undefined || isAnother) orphans.push(holder);
  }
  return orphans;
}
