import { type Api, unlessNotFound } from "../cluster/api.ts";
import { paths } from "../cluster/objects.ts";
import type { Deed } from "../lock/by-hand.ts";
import type { LockCarrier } from "../lock/carrier.ts";
import type { LockValue } from "../lock/slots.ts";

/** What was asked for is not possible as things are; nothing was changed. */
export class DeedRefused extends Error {
  override readonly name = "DeedRefused";
}

export function noSuchNode(name: string): DeedRefused {
  return new DeedRefused(`the cluster has no Node ${JSON.stringify(name)}`);
}

/** Does to the lock what a person wants, and resolves with the lock afterwards. */
export async function perform(
  carrier: LockCarrier,
  plan: (lock: LockValue) => Deed,
  signal: AbortSignal,
): Promise<LockValue> {
  const { lock } = await carrier.swap((carried) => {
    const { change, unlocked, refused } = plan(carried.lock);
    if (refused !== undefined) throw new DeedRefused(refused);
    if (change === undefined && unlocked === undefined) return undefined;
    return {
      ...(change && { lock: change }),
      ...(unlocked && { unlocked: [...carried.unlocked, ...unlocked] }),
    };
  }, signal);
  return lock;
}

/** Null removes one. With a version the patch is refused where the Node has changed since. */
export async function annotateNode(
  api: Api,
  node: string,
  annotations: Record<string, string | null>,
  signal: AbortSignal,
  resourceVersion?: string,
): Promise<void> {
  const metadata = { annotations, ...(resourceVersion !== undefined && { resourceVersion }) };
  const patched = await unlessNotFound(api.patch(paths.node(node), { metadata }, { signal }));
  if (patched === undefined) throw noSuchNode(node);
}
