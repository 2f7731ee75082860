import assert from "node:assert/strict";
import type { Pod } from "../../daemon/cluster/objects.ts";
import { findLongGrace } from "../../daemon/drain/long-grace.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const escalation = { drainTimeoutMs: 900_000 };

/** `endsIn`: it is ending, and has so many seconds left. */
function finding(graceSeconds: number, { endsIn, slow }: { endsIn?: number; slow?: number } = {}) {
  const deletionTimestamp = endsIn && new Date(noon + endsIn * 1000).toISOString();
  const pod: Pod = { metadata: { ...(deletionTimestamp && { deletionTimestamp }) } };
  return findLongGrace(pod, graceSeconds, { slowGraceSeconds: slow, escalation });
}

describe("A pod's grace beside the time of a drain", () => {
  it("is no finding where it fits", () => {
    for (const graceSeconds of [0, 30, 900]) assert.equal(finding(graceSeconds, { slow: 30 }), undefined);
    assert.equal(finding(900, { endsIn: 900 }), undefined);
  });

  it("is a remark where it is longer, as most pods use up little of it", () => {
    const found = finding(1800);
    assert.deepEqual([found?.code, found?.blocks], ["long-grace", false]);
    assert.match(
      found?.message ?? "",
      /^has a grace period of 1800s, longer than --drain-timeout \(900s\); the drain fails/,
    );
  });

  it("blocks once a pod with as short a grace has outlasted a drain here", () => {
    assert.equal(finding(3600, { slow: 7200 })?.blocks, false);
    assert.equal(finding(7200, { slow: 7200 })?.blocks, true);
    assert.equal(finding(9000, { slow: 7200 })?.blocks, true);
  });

  it("blocks for a pod that is already terminating until the rest fits into the drain", () => {
    const found = finding(3600, { endsIn: 3600 });
    assert.deepEqual([found?.code, found?.blocks, found?.until], ["ending-late", true, noon + 2_700_000]);
    assert.equal(
      found?.message,
      "is already terminating and may take until 2026-11-24T13:00:00Z, longer than --drain-timeout (900s); no drain starts before 2026-11-24T12:45:00Z",
    );
  });
});
