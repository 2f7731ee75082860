import assert from "node:assert/strict";
import type { Budget } from "../../daemon/cluster/objects.ts";
import { judgeBudgets } from "../../daemon/drain/budgets.ts";
import { iso } from "../cycle/builders.ts";
import { everyRow } from "../rows.ts";
import { budget, deletesAtOnce, findings, messages, noon, type PodFacts, pod } from "./builders.ts";

const none = { disruptionsAllowed: 0, currentHealthy: 3 };
const exhausted = budget({ status: none });
const never = budget({ spec: { maxUnavailable: 0 }, status: { ...none, desiredHealthy: 4 } });
const syncFailed = { type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message: "no scale" };
const sick = { disruptionsAllowed: 0, currentHealthy: 2 };
const byNumbers = (spec: object, status: object = {}) =>
  budget({ spec, status: { ...none, desiredHealthy: 4, ...status } });

type Row = [what: string, pod: PodFacts, budgets: Budget[], findings: string];

function table(rows: Row[]): Promise<void> {
  return everyRow(rows, (facts, budgets, expected) =>
    assert.equal(findings(pod(facts), { budgets }), expected),
  );
}

describe("A pod under a PodDisruptionBudget", () => {
  it("is refused while the budget allows no disruption, with a code that says for how long", () =>
    table([
      ["that allows one", {}, [budget()], ""],
      ["that allows none now", {}, [exhausted], "budget-exhausted!"],
      ["that asks for maxUnavailable 0", {}, [never], "budget-never!"],
      ['that asks for maxUnavailable "0%"', {}, [byNumbers({ maxUnavailable: "0%" })], "budget-never!"],
      ['that asks for minAvailable "100%"', {}, [byNumbers({ minAvailable: "100%" })], "budget-never!"],
      ["that asks for all its pods", {}, [byNumbers({ minAvailable: 4 })], "budget-never!"],
      [
        "that asks for more than its pods",
        {},
        [byNumbers({ minAvailable: 5 }, { desiredHealthy: 5 })],
        "budget-never!",
      ],
      [
        "that asks for all but allows one, as there is one too many",
        {},
        [byNumbers({ maxUnavailable: 0 }, { disruptionsAllowed: 1 })],
        "",
      ],
      [
        "that has changed since it was worked out",
        {},
        [budget({ status: { observedGeneration: 0 } })],
        "budget-busy!",
      ],
      ["that was never worked out", {}, [{ ...budget(), status: undefined as never }], "budget-busy!"],
      [
        "that has given its disruptions away just now",
        {},
        [budget({ status: { ...none, currentHealthy: 4 } })],
        "budget-busy!",
      ],
      [
        "that cannot be worked out",
        {},
        [budget({ status: { ...none, currentHealthy: 4, conditions: [syncFailed] } })],
        "budget-exhausted!",
      ],
      ["and another", {}, [budget(), budget({ name: "shop" })], "budgets-several!"],
    ]));

  it("is one of its namespace that its selector matches", () =>
    table([
      ["no pod of another namespace", { namespace: "bank" }, [exhausted], ""],
      ["no pod of another app", { app: "till" }, [exhausted], ""],
      ["no pod without a selector", {}, [budget({ selector: undefined, status: none })], ""],
      ["no pod with a null selector", {}, [budget({ selector: null, status: none })], ""],
      [
        "all pods of its namespace with an empty one",
        { app: "till" },
        [budget({ selector: {}, status: none })],
        "budget-exhausted!",
      ],
      [
        "pods by expressions",
        {},
        [
          budget({
            selector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["till"] }] },
            status: none,
          }),
        ],
        "budget-exhausted!",
      ],
    ]));

  it("is not refused where it has finished, not begun, or is terminating", () =>
    table([
      ["for a pod that is Pending", { phase: "Pending" }, [never], ""],
      ["for a pod that has succeeded", { phase: "Succeeded" }, [never], ""],
      ["for a pod that has failed", { phase: "Failed" }, [never], ""],
      ["for a pod that is ending", { endsIn: 5 }, [never], ""],
      ["nor counts several for it", { endsIn: 5 }, [never, budget()], ""],
    ]));

  it("is not refused where pods are deleted instead", () => {
    assert.equal(findings(pod(), { budgets: [never, exhausted], escalation: deletesAtOnce }), "");
  });

  const ifHealthy = budget({ status: { ...none, currentHealthy: 3 } });
  const always = (status: object) =>
    budget({ spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" }, status });
  const unready = { ready: false };
  it("that is not Ready goes where the budget has its healthy pods, or always allows it", () =>
    table([
      ["goes under a budget that has its healthy pods", unready, [ifHealthy], ""],
      ["stays under one that has not", unready, [budget({ status: sick })], "budget-exhausted!"],
      [
        "stays under one that wants none",
        unready,
        [
          budget({
            status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
          }),
        ],
        "budget-exhausted!",
      ],
      ["goes under AlwaysAllow", unready, [always(sick)], ""],
      ["which does nothing for one that is Ready", {}, [always(sick)], "budget-exhausted!"],
      [
        "stays under several",
        unready,
        [always(sick), always(sick)].map((one, n) => ({
          ...one,
          metadata: { ...one.metadata, name: `b${n}` },
        })),
        "budgets-several!",
      ],
    ]));
});

describe("The message about a PodDisruptionBudget", () => {
  const rows: [budget: Budget, pod: PodFacts, message: string][] = [
    [
      exhausted,
      {},
      "PodDisruptionBudget shop/cart needs 3 healthy pods and has 3; it allows a disruption once it has 4: see why others are not Ready, or add replicas",
    ],
    [
      budget({ status: sick }),
      { ready: false },
      "PodDisruptionBudget shop/cart needs 3 healthy pods and has 2; it allows a disruption once it has 4: see why others are not Ready, or add replicas, or set unhealthyPodEvictionPolicy: AlwaysAllow, as this pod is not Ready",
    ],
    [
      budget({ status: { ...none, currentHealthy: 4 } }),
      {},
      "PodDisruptionBudget shop/cart has just allowed its last disruptions; try again in a moment",
    ],
    [
      budget({ status: { observedGeneration: 0 } }),
      {},
      "PodDisruptionBudget shop/cart has changed, and its status is not up to date yet; try again in a moment",
    ],
    [
      budget({
        status: {
          ...none,
          conditions: [syncFailed],
        },
      }),
      {},
      "PodDisruptionBudget shop/cart has no valid status (no scale); fix it, or the workload that it selects",
    ],
    [
      never,
      {},
      "PodDisruptionBudget shop/cart allows no disruptions (maxUnavailable 0); raise maxUnavailable for the time of the drain",
    ],
    [
      byNumbers({ minAvailable: "100%" }),
      {},
      "PodDisruptionBudget shop/cart allows no disruptions (minAvailable 100%); lower minAvailable for the time of the drain",
    ],
    [
      byNumbers({ minAvailable: 4 }),
      {},
      "PodDisruptionBudget shop/cart allows no disruptions (minAvailable 4 of 4); lower minAvailable or add replicas",
    ],
    [
      byNumbers({ minAvailable: "90%" }),
      {},
      "PodDisruptionBudget shop/cart allows no disruptions (minAvailable 90% requires 4 of 4); lower minAvailable or add replicas",
    ],
    [
      byNumbers({ maxUnavailable: "20%" }),
      {},
      "PodDisruptionBudget shop/cart allows no disruptions (maxUnavailable 20% requires 4 of 4); raise maxUnavailable or add replicas",
    ],
    [
      budget({ status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 } }),
      {},
      "PodDisruptionBudget shop/cart needs 1 healthy pod and has 1; it allows a disruption once it has 2: see why others are not Ready, or add replicas",
    ],
  ];
  it("names the numbers and the remedy", () =>
    everyRow(
      rows.map(([one, facts, message]) => [message, one, facts, message] as const),
      (one, facts, message) => assert.equal(messages(pod(facts), { budgets: [one] }), message),
    ));

  it("carries since when the budget is exhausted, as its controller notes it", () => {
    const lastTransitionTime = new Date(noon);
    const ranOut = {
      type: "DisruptionAllowed",
      status: "False",
      reason: "InsufficientPods",
      lastTransitionTime,
    };
    const since = (condition: object) =>
      judgeBudgets(pod(), [budget({ status: { ...none, conditions: [condition] } })]).refused?.since;
    assert.equal(since(ranOut), noon);
    assert.equal(since({ ...ranOut, lastTransitionTime: iso(noon) }), noon, "as it comes over the wire");
    assert.equal(since({ ...ranOut, reason: "SyncFailed", message: "no scale" }), undefined);
    assert.equal(since({ ...ranOut, status: "True" }), undefined);
    assert.equal(judgeBudgets(pod(), [never]).refused?.since, undefined);
  });

  it("names all budgets of a pod", () => {
    assert.equal(
      messages(pod(), { budgets: [budget({ name: "a" }), budget({ name: "b" })] }),
      "is selected by PodDisruptionBudgets shop/a and shop/b, and the API server evicts no pod with more than one; make their selectors disjoint",
    );
  });
});
