import { createBucket } from "../time/bucket.ts";
import type { Clock } from "../time/clock.ts";

/** The same again is no news for so long. */
const repeatMs = 2 * 60_000;
/**
 * Limits: `burst` events at once, then one in `refillMs`. A cycle has seven about its Node. Events about pods and
 * budgets are counted apart, so that a drain with many of them leaves room for the end of the cycle.
 */
const buckets = {
  node: { burst: 15, refillMs: 30_000 },
  others: { burst: 15, refillMs: 60_000 },
} as const;

export interface EventLimits {
  /** False for a repeat, and for more than the limit allows. `key`: the same for events that are repeats. */
  admits(kind: keyof typeof buckets, key: string): boolean;
}

/** Every event is a request: their number is bounded whatever happens. */
export function createEventLimits(clock: Pick<Clock, "elapsed">): EventLimits {
  const takes = {
    node: createBucket(clock, buckets.node),
    others: createBucket(clock, buckets.others),
  };
  const lastAt = new Map<string, number>();
  return {
    admits(kind, key) {
      const now = clock.elapsed();
      for (const [known, at] of lastAt) if (now - at >= repeatMs) lastAt.delete(known);
      if (lastAt.has(key) || !takes[kind]()) return false;
      lastAt.set(key, now);
      return true;
    },
  };
}
