import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { chargedStatus, judgeEviction } from "./eviction.ts";
import type { Fields, KubeObject } from "./object.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

interface PodSpec {
  phase?: string;
  ready?: boolean;
  leaving?: boolean;
  labels?: Record<string, string>;
}

function pod({
  phase = "Running",
  ready = true,
  leaving = false,
  labels = { app: "web" },
}: PodSpec = {}): KubeObject {
  return {
    metadata: {
      ...metadata("a"),
      labels,
      ...(leaving && { deletionTimestamp: "2026-01-01T00:00:30Z" }),
    },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

interface BudgetSpec {
  allowed?: number;
  healthy?: number;
  desired?: number;
  observed?: number;
  spec?: Fields;
  conditions?: Fields[];
}

function budget({
  allowed = 0,
  healthy = 1,
  desired = 1,
  observed = 1,
  spec = {},
  conditions = [],
}: BudgetSpec): KubeObject {
  return {
    metadata: { ...metadata("web"), generation: 1 },
    spec: { selector: { matchLabels: { app: "web" } }, ...spec },
    status: {
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: desired,
      observedGeneration: observed,
      conditions,
    },
  };
}

function metadata(name: string) {
  return {
    name,
    namespace: "shop",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
}

function verdict(of: KubeObject, ...budgets: KubeObject[]): string {
  const found = judgeEviction(of, budgets);
  if (found.answer !== "refuse") return found.answer;
  const { causes } = found.error.status.details ?? {};
  return `${found.error.code}: ${causes?.[0]?.message ?? found.error.message}`;
}

const always = { unhealthyPodEvictionPolicy: "AlwaysAllow" };
const failedSync = [{ type: "DisruptionAllowed", reason: "SyncFailed", message: "no controller" }];
const several =
  "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";

describe("An eviction", () => {
  const rows: [string, KubeObject, KubeObject[], string][] = [
    ["without a budget goes through", pod(), [], "evict"],
    ["under a budget of other pods goes through", pod({ labels: { app: "db" } }), [budget({})], "evict"],
    ["is counted against a budget with room", pod(), [budget({ allowed: 1 })], "charge"],
    [
      "waits for a budget without room",
      pod(),
      [budget({ healthy: 1, desired: 1 })],
      "429: The disruption budget web needs 1 healthy pods and has 1 currently",
    ],
    [
      "waits when more are healthy than needed, but none may go",
      pod(),
      [budget({ healthy: 2, desired: 1 })],
      "429: The disruption budget web does not allow evicting pods currently",
    ],
    [
      "waits for a controller that has not seen the budget",
      pod(),
      [budget({ allowed: 1, observed: 0 })],
      "429: The disruption budget web is still being processed by the server.",
    ],
    [
      "says why the controller has failed",
      pod(),
      [budget({ healthy: 0, conditions: failedSync })],
      "429: The disruption budget web does not allow evicting pods currently because it failed sync: no controller",
    ],
    [
      "under two budgets is an error",
      pod(),
      [budget({ allowed: 1 }), budget({ allowed: 1 })],
      `500: ${several}`,
    ],
    ["of a pod that has ended goes through", pod({ phase: "Failed" }), [budget({})], "evict"],
    ["of a pod that has not started goes through", pod({ phase: "Pending" }), [budget({})], "evict"],
    ["of a pod on its way out goes through", pod({ leaving: true }), [budget({})], "evict"],
    [
      "of an unready pod goes through while the others suffice",
      pod({ ready: false }),
      [budget({ healthy: 1 })],
      "evict",
    ],
    [
      "of an unready pod waits while the others do not suffice",
      pod({ ready: false }),
      [budget({ healthy: 0 })],
      "429: The disruption budget web needs 1 healthy pods and has 0 currently",
    ],
    [
      "of an unready pod goes through under AlwaysAllow",
      pod({ ready: false }),
      [budget({ healthy: 0, spec: always })],
      "evict",
    ],
    ["under an empty selector is counted", pod(), [budget({ allowed: 1, spec: { selector: {} } })], "charge"],
    ["under no selector goes through", pod(), [budget({ spec: { selector: undefined } })], "evict"],
  ];
  for (const [what, of, budgets, expected] of rows) {
    it(what, () => assert.equal(verdict(of, ...budgets), expected));
  }

  it("takes one from the budget and notes the pod", () => {
    const { disruptionsAllowed, disruptedPods, conditions } = chargedStatus(budget({ allowed: 2 }), "a", now);
    assert.deepEqual([disruptionsAllowed, disruptedPods, conditions], [1, { a: "2026-01-01T00:00:00Z" }, []]);
  });

  it("shuts the budget with the last one", () => {
    const { conditions } = chargedStatus(budget({ allowed: 1 }), "a", now) as { conditions: Fields[] };
    assert.deepEqual([conditions[0]?.["status"], conditions[0]?.["reason"]], ["False", "InsufficientPods"]);
  });
});
