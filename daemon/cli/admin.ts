import { type Api, isApiError } from "../cluster/api.ts";
import { readNodeMetadata } from "../cluster/nodes.ts";
import { paths } from "../cluster/paths.ts";
import type { LockValue } from "../lock/lock.ts";
import type { LockObject } from "../lock/lock-object.ts";
import type { LockEdit } from "../lock/manual.ts";
import { backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";

/** The request is not possible in the present state; nothing was changed. */
export class CommandRefused extends Error {
  override readonly name = "CommandRefused";
}

/** A condition that a command waited for has not come true in time; exit code 3. */
export class NotYet extends Error {
  override readonly name = "NotYet";
}

export function noSuchNode(name: string): CommandRefused {
  return new CommandRefused(`the cluster has no Node ${JSON.stringify(name)}`);
}

/**
 * Makes a person's edit of the lock. Resolves with the lock before and afterwards; a refused edit is a
 * CommandRefused.
 */
export async function editLock(
  lockObject: LockObject,
  plan: (lock: LockValue) => LockEdit,
  signal: AbortSignal,
): Promise<{ before: LockValue; lock: LockValue }> {
  let before: LockValue = { state: "readable", holders: [] };
  const { lock } = await lockObject.swap((state) => {
    before = state.lock;
    const { change, unlocked, refused } = plan(state.lock);
    if (refused !== undefined) throw new CommandRefused(refused);
    if (change === undefined && unlocked === undefined) return undefined;
    return {
      ...(change && { lock: change }),
      ...(unlocked && { unlocked: [...state.unlocked, ...unlocked] }),
    };
  }, signal);
  return { before, lock };
}

/** A Node that changes so often is in use by another writer. */
const conflictsMax = 5;
const conflictRetry = { firstMs: 50, maxMs: 1000 };

/**
 * Reads a Node, and changes its annotations under the version that was read; null removes one. `change`
 * returns undefined for "as it is". Resolves with the annotations before. A Node that does not exist is a
 * CommandRefused.
 */
export async function annotateNode(
  { api, clock, random }: { api: Api; clock: Clock; random: Random },
  node: string,
  change: (before: Readonly<Record<string, string>>) => Record<string, string | null> | undefined,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  for (let conflicts = 0; ; ) {
    const found = await readNodeMetadata(api, node, signal);
    if (found === undefined) throw noSuchNode(node);
    const { annotations: before = {}, resourceVersion } = found;
    const annotations = change(before);
    if (annotations === undefined) return before;
    try {
      const metadata = { annotations, ...(resourceVersion !== undefined && { resourceVersion }) };
      await api.patch(paths.node(node), { metadata }, { signal });
      return before;
    } catch (error) {
      if (isApiError(error, "not-found")) throw noSuchNode(node);
      conflicts += 1;
      if (!isApiError(error, "conflict") || conflicts > conflictsMax) throw error;
      await clock.sleep(backoffMs(conflicts, conflictRetry, random), signal);
    }
  }
}
