import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type DeleteOptions, planDeletion } from "./deletion.ts";
import type { KubeObject, ObjectMeta } from "./object.ts";
import { resourceOf } from "./resources.ts";

const now = Date.parse("2026-01-01T00:00:00Z");
const leaving = { deletionTimestamp: "2026-01-01T00:00:20Z", deletionGracePeriodSeconds: 20 };

function object(metadata: Partial<ObjectMeta>, rest: object = {}): KubeObject {
  return {
    metadata: {
      name: "a",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
    ...rest,
  };
}
const running = { spec: { nodeName: "n", terminationGracePeriodSeconds: 30 }, status: { phase: "Running" } };
const pod = (metadata: Partial<ObjectMeta> = {}, rest: object = running) => object(metadata, rest);

/** "goes", or what keeps it: its grace, its finalizers. */
function outcome(resource: string, of: KubeObject, options: DeleteOptions): string {
  const plan = planDeletion(resourceOf(resource), of, options, now);
  if (!plan.stays) return "goes";
  const { deletionGracePeriodSeconds: grace, finalizers = [] } = plan.object.metadata;
  return [`stays, grace ${grace}`, ...finalizers].join(", ");
}

describe("A deletion", () => {
  const lease = "leases.coordination.k8s.io";
  const rows: [string, string, KubeObject, DeleteOptions, string][] = [
    ["removes what has no grace", lease, object({}), { gracePeriodSeconds: 30 }, "goes"],
    ["waits for finalizers", lease, object({ finalizers: ["x/y"] }), {}, "stays, grace 0, x/y"],
    ["gives a pod its own grace", "pods", pod(), {}, "stays, grace 30"],
    ["gives a pod the grace that is asked", "pods", pod(), { gracePeriodSeconds: 5 }, "stays, grace 5"],
    ["takes a negative grace for a second", "pods", pod(), { gracePeriodSeconds: -1 }, "stays, grace 1"],
    ["removes a pod at once with grace 0", "pods", pod(), { gracePeriodSeconds: 0 }, "goes"],
    ["removes a pod that is on no node", "pods", pod({}, { spec: {} }), { gracePeriodSeconds: 30 }, "goes"],
    [
      "removes a pod that has ended",
      "pods",
      pod({}, { ...running, status: { phase: "Failed" } }),
      {},
      "goes",
    ],
    ["shortens a grace that runs", "pods", pod(leaving), { gracePeriodSeconds: 5 }, "stays, grace 5"],
    ["does not lengthen it", "pods", pod(leaving), { gracePeriodSeconds: 60 }, "stays, grace 20"],
    ["ends it with grace 0", "pods", pod(leaving), { gracePeriodSeconds: 0 }, "goes"],
    [
      "keeps a pod with finalizers after its grace",
      "pods",
      pod({ finalizers: ["x/y"] }),
      { gracePeriodSeconds: 0 },
      "stays, grace 0, x/y",
    ],
    [
      "in the foreground waits for dependents",
      lease,
      object({}),
      { propagationPolicy: "Foreground" },
      "stays, grace 0, foregroundDeletion",
    ],
    [
      "that orphans waits for dependents to be let go",
      lease,
      object({}),
      { propagationPolicy: "Orphan" },
      "stays, grace 0, orphan",
    ],
    ["of a Job orphans when nothing is said", "jobs.batch", object({}), {}, "stays, grace 0, orphan"],
    [
      "of a Job in the background removes it",
      "jobs.batch",
      object({}),
      { propagationPolicy: "Background" },
      "goes",
    ],
  ];
  for (const [what, resource, of, options, expected] of rows) {
    it(what, () => assert.equal(outcome(resource, of, options), expected));
  }

  it("counts a shortened grace from the first deletion", () => {
    const { object: marked } = planDeletion(
      resourceOf("pods"),
      pod(leaving),
      { gracePeriodSeconds: 5 },
      now + 10_000,
    );
    assert.equal(marked.metadata.deletionTimestamp, "2026-01-01T00:00:05Z");
  });

  it("is refused when the uid or the version is not the one that was meant", () => {
    for (const options of [{ uid: "other" }, { resourceVersion: "0" }]) {
      assert.throws(() => planDeletion(resourceOf(lease), object({}), options, now), { code: 409 });
    }
  });
});
