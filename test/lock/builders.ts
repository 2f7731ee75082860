import type { LockFacts } from "../../daemon/lock/facts.ts";

/** A lock with a free slot, of which this node has none. */
export const free: LockFacts = {
  held: false,
  hasStaleEntry: false,
  refusal: undefined,
  holders: [],
  takenAway: false,
  version: "1",
};
