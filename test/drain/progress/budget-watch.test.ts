import assert from "node:assert/strict";
import type { DrainEvent } from "../../../daemon/drain/progress/events.ts";
import {
  agreed,
  gone,
  type JudgedPod,
  listed,
  play,
  pod,
  type Row,
  refused,
  seen,
  stateAt,
  tick,
} from "./play.ts";

/**
 * A budget of the pods of `app`, with so many disruptions to give; `null`: of another spec than it was worked
 * out for.
 */
function budget(allowed: number | null, app = "web", healthy = 2) {
  return {
    metadata: { name: app, namespace: "shop", generation: allowed === null ? 2 : 1 },
    spec: { minAvailable: 2, selector: { matchLabels: { app } } },
    status: {
      disruptionsAllowed: allowed ?? 1,
      currentHealthy: healthy,
      desiredHealthy: 2,
      expectedPods: 3,
      observedGeneration: 1,
    },
  };
}
const evictsAll = "evict a, evict b, evict c, evict d, evict e";
const budgets = (...all: ReturnType<typeof budget>[]): DrainEvent => {
  return { type: "budgets", namespace: "shop", budgets: all };
};
const blind: DrainEvent = { type: "budgets", namespace: "shop", budgets: undefined };
const [w, x, y] = ["w", "x", "y"].map((name) => pod(name, { app: "web" })) as [
  JudgedPod,
  JudgedPod,
  JudgedPod,
];
const late = (event: Extract<DrainEvent, { type: "refused" }>, chance: number): DrainEvent => ({
  ...event,
  chance,
});

describe("A drain that PodDisruptionBudgets keep waiting", () => {
  const held: Row[] = [
    [0, listed(w), "evict w"],
    [0, refused("w"), "watch shop, wait 1"],
    [0.1, budgets(budget(0)), "wait 300"],
  ];
  const rows: Record<string, Row[]> = {
    "watches the budgets, evicts as soon as one opens, and then ends the watch": [
      ...held,
      [200, budgets(budget(1)), "evict w"],
      [200.1, agreed("w"), "unwatch shop, wait 260.1"],
    ],
    "requests rarely while the budget does not change": [
      ...held,
      [300, tick, "evict w"],
      [300.1, refused("w"), "wait 600.1"],
    ],
    "requests nothing where the budget changes and still refuses": [
      ...held,
      [100, budgets(budget(0, "web", 1)), "wait 300"],
      [200, budgets(budget(null)), "wait 300"],
      [210, budgets(budget(0), budget(2, "other")), "wait 300"],
    ],
    "evicts a pod whose budget has gone": [...held, [200, budgets(), "evict w"]],
    "evicts a pod that its budget allows as it is no longer Ready": [
      ...held,
      [50, seen(pod("w", { app: "web", ready: false })), "evict w"],
    ],
    "evicts as many pods as the budget allows, one after the other": [
      [0, listed(w, x, y), "evict w, evict x, evict y"],
      [0, refused("w"), "watch shop, wait 1"],
      [0, refused("x"), "wait 1"],
      [0, refused("y"), "wait 1"],
      [0.1, budgets(budget(0)), "wait 300"],
      [60, budgets(budget(2)), "evict w, evict x, wait 300"],
      [60.1, budgets(budget(1)), "wait 300"],
      [60.2, agreed("w"), "wait 120.2"],
      [60.3, budgets(budget(0)), "wait 120.2"],
      [60.4, agreed("x"), "wait 120.2"],
      [60.5, seen(pod("w", { app: "web", ends: 90 })), "wait 120.4"],
      [60.5, seen(pod("x", { app: "web", ends: 90 })), "wait 300"],
      [99, budgets(budget(1)), "evict y"],
    ],
    "evicts the next pod once the server has accepted the one before, where the budget has shown that already":
      [
        [0, listed(w, x), "evict w, evict x"],
        [0, refused("w"), "watch shop, wait 1"],
        [0, refused("x"), "wait 1"],
        [0.1, budgets(budget(0)), "wait 300"],
        [60, budgets(budget(1)), "evict w, wait 300"],
        [60.1, budgets(budget(0)), "wait 300"],
        [60.15, budgets(budget(1)), "wait 300"],
        [60.2, agreed("w"), "evict x, wait 120.2"],
      ],
    "evicts the next pod where a rule forbids the one whose budget has opened": [
      [0, listed(w, x), "evict w, evict x"],
      [0, refused("w"), "watch shop, wait 1"],
      [0, refused("x"), "wait 1"],
      [0.1, budgets(budget(0)), "wait 300"],
      [60, budgets(budget(1)), "evict w, wait 300"],
      [60.1, refused("w", "rule"), "evict x, wait 61.1"],
    ],
    "waits for the next change where another node was faster, and backs off where that goes on": [
      ...held,
      [60, budgets(budget(1)), "evict w"],
      [60.01, refused("w"), "wait 61.01"],
      [60.02, budgets(budget(0)), "wait 360.01"],
      [60.1, budgets(budget(1)), "wait 61.01"],
      [60.2, budgets(budget(0)), "wait 360.01"],
      [60.3, budgets(budget(1)), "wait 61.01"],
      [61.01, tick, "evict w"],
      [61.02, refused("w"), "wait 62.02"],
      [61.03, budgets(budget(0)), "wait 361.02"],
      [61.04, budgets(budget(1)), "wait 63.02"],
    ],
    "lets the drains of other nodes go first for a moment, and requests nothing where one did": [
      [0, listed(w), "evict w"],
      [0, late(refused("w") as Extract<DrainEvent, { type: "refused" }>, 0.5), "watch shop, wait 0.75"],
      [0.1, budgets(budget(0)), "wait 225"],
      [60, budgets(budget(1)), "wait 60.25"],
      [60.1, budgets(budget(0)), "wait 225"],
      [60.25, tick, "wait 225"],
    ],
    "retries by time where the watch has broken, until it shows the budgets again": [
      ...held,
      [60, blind, "wait 61"],
      [61, tick, "evict w"],
      [61, refused("w"), "wait 63"],
      [63, tick, "evict w"],
      [63, refused("w"), "wait 67"],
      [64, budgets(budget(0)), "wait 363"],
    ],
    "retries by time where the server refuses though the budgets allow the pod": [
      [0, listed(w), "evict w"],
      [0, refused("w"), "watch shop, wait 1"],
      [0.1, budgets(budget(1)), "evict w"],
      [0.2, refused("w"), "wait 1.2"],
      [1.2, tick, "evict w"],
      [1.3, refused("w"), "wait 3.3"],
    ],
    "evicts a pod at once whose budget has opened before the answer that it refuses": [
      ...held,
      [300, tick, "evict w"],
      [300.2, budgets(budget(1)), ""],
      [300.5, refused("w"), "evict w"],
    ],
    "does so after a pause where an opening was in vain before": [
      ...held,
      [60, budgets(budget(1)), "evict w"],
      [60.1, budgets(budget(0)), ""],
      [60.2, budgets(budget(1)), ""],
      [60.5, refused("w"), "wait 61.5"],
      [61.5, tick, "evict w"],
    ],
    "has forgotten the back-off of earlier refusals once its budget has opened": [
      ...held,
      [300, tick, "evict w"],
      [300.1, refused("w"), "wait 600.1"],
      [310, budgets(budget(1)), "evict w"],
      [310.1, blind, ""],
      [310.2, refused("w"), "wait 311.2"],
    ],
    "ends the watch for a pod that has gone": [...held, [10, gone(w), "unwatch shop, notify"]],
    "watches nothing for a pod that a rule or the server refuses": [
      [0, listed(w, x), "evict w, evict x"],
      [0, refused("w", "rule"), "wait 1"],
      [0, refused("x", "server"), "wait 1"],
    ],
    "watches four namespaces at a time, and the next one when the pod of one has gone": [
      [0, listed(...["a", "b", "c", "d", "e"].map((name) => pod(name, { in: name }))), evictsAll],
      [0, refused("a"), "watch a, wait 1"],
      [0, refused("b"), "watch b, wait 1"],
      [0, refused("c"), "watch c, wait 1"],
      [0, refused("d"), "watch d, wait 1"],
      [0, refused("e"), "wait 1"],
      [0.5, gone(pod("b", { in: "b" })), "unwatch b, watch e, wait 1"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played, {}, 0, true));

  it("deletes from its time on, whatever the budget allows", () => {
    play(
      [...held, [10, tick, "delete w"]].with(2, [0.1, budgets(budget(0)), "wait 10"]) as Row[],
      { deleteAt: 10_000 },
      0,
      true,
    );
  });

  it("has the present numbers of the budget in its state", () => {
    const progress = play([...held, [100, budgets(budget(0, "web", 1)), "wait 300"]], {}, 0, true);
    assert.match(
      JSON.stringify(stateAt(progress, 100)),
      /shop\/w: PodDisruptionBudget shop\/web needs 2 healthy pods and has 1;/,
    );
  });
});
