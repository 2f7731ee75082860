import type { LockFacts } from "../../daemon/lock/facts.ts";

/** A lock with a free slot, of which this node has none. */
export const free: LockFacts = {
  held: false,
  hasStaleEntry: false,
  refusal: undefined,
  holders: [],
  slots: { allowed: 1, held: 0 },
  takenAway: false,
  version: "1",
};
