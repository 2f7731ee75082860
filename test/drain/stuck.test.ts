import assert from "node:assert/strict";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { whyStillThere } from "../../daemon/drain/stuck.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");

interface Facts {
  /** When its grace ends, in seconds from now. */
  graceEndsIn?: number;
  finalizers?: string[];
  refused?: string;
}

function why({ graceEndsIn, finalizers, refused }: Facts): string {
  const deletionTimestamp = graceEndsIn && new Date(noon + graceEndsIn * 1000).toISOString();
  const pod: Pod = {
    metadata: { ...(deletionTimestamp && { deletionTimestamp }), ...(finalizers && { finalizers }) },
  };
  return whyStillThere(pod, { refused, now: noon, deadline: noon + 60_000 });
}

describe("A pod that is still there", () => {
  const rows: [facts: Facts, says: string][] = [
    [{}, "has not been asked yet"],
    [{ refused: "the budget has no room" }, "the budget has no room"],
    [{ graceEndsIn: 20 }, "is ending"],
    [{ graceEndsIn: 20, finalizers: ["example.com/x"] }, "is ending"],
    [{ graceEndsIn: -1, finalizers: ["example.com/x"] }, "is held by its finalizer example.com/x"],
    [{ graceEndsIn: -5 }, "is ending"],
    [{ graceEndsIn: -90 }, "should have ended 90 s ago; does the kubelet of its node run?"],
    [{ graceEndsIn: 3600 }, "has a grace period that ends 3540 s after the deadline"],
  ];
  for (const [facts, says] of rows)
    it(`${JSON.stringify(facts)}: ${says}`, () => assert.equal(why(facts), says));
});
