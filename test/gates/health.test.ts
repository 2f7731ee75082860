import assert from "node:assert/strict";
import { healthGate } from "../../daemon/gates/health.ts";
import type { Unwell } from "../../daemon/health/look.ts";
import { context } from "./builders.ts";

const { signal } = new AbortController();
const answerTo = (...unwell: Unwell[]) =>
  healthGate(async () => unwell, [], "slot").check(context(0, { stage: "slot" }), signal);

const unhealthy = { code: "unhealthy", message: "CephCluster rook-ceph/rook-ceph is not healthy" } as const;
const missing = { code: "no-object", message: "there is no Volume" } as const;

describe("The gate for the health of objects", () => {
  it("is open while every condition holds", async () => assert.deepEqual(await answerTo(), { open: true }));

  it("names all that do not hold, one that is certainly unhealthy first", async () =>
    assert.deepEqual(await answerTo(missing, unhealthy), {
      open: false,
      code: "unhealthy",
      message: "CephCluster rook-ceph/rook-ceph is not healthy; there is no Volume",
    }));

  it("has the reason of the first where none is certain, and is short however many there are", async () => {
    const answer = await answerTo(...Array.from({ length: 50 }, () => missing));
    assert.ok(!answer.open);
    assert.equal(answer.code, "no-object");
    assert.match(answer.message, /^there is no Volume; .* and 47 more$/);
  });

  it("is not passed by an urgent request, and is asked of one node at a time", () => {
    const { urgentPasses, stages, cost } = healthGate(async () => [], [], "slot");
    assert.deepEqual([urgentPasses, stages, cost], [undefined, ["slot"], "remote"]);
  });
});
