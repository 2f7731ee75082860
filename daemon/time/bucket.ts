import type { Clock } from "./clock.ts";

/** `burst` takes at once, then one in `refillMs`. */
export interface BucketLimits {
  burst: number;
  refillMs: number;
}

/** A token bucket: answers whether there is one to take, and takes it. https://en.wikipedia.org/wiki/Token_bucket */
export function createBucket(
  clock: Pick<Clock, "elapsed">,
  { burst, refillMs }: BucketLimits,
): () => boolean {
  let tokens = burst;
  let at = clock.elapsed();
  return () => {
    const now = clock.elapsed();
    tokens = Math.min(burst, tokens + (now - at) / refillMs);
    at = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
