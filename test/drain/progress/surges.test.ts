import assert from "node:assert/strict";
import type { DrainEvent, DrainRules } from "../../../daemon/drain/progress/events.ts";
import type { SurgePlan } from "../../../daemon/drain/surge/plan.ts";
import { gone, listed, play, pod, type Row, seen, stateAt, tick } from "./play.ts";

const surge: DrainRules["surge"] = {
  selects: ({ metadata }) => metadata?.labels?.["app"] === "web",
  until: 300_000,
};
const web = pod("web", { of: "web-1", app: "web" });
const other = pod("other", { of: "other-1" });
const known = (plan: SurgePlan): DrainEvent => ({ type: "surge", uid: "web", plan });
const waits = known({ do: "wait", deployment: "shop/web" });

describe("A drain with pods that a roll-out replaces", () => {
  const rows: Record<string, Row[]> = {
    "evicts the others meanwhile, and waits for the roll-out": [
      [0, listed(web, other), "surge web, evict other, wait 300"],
      [1, waits, "surging web: shop/web, wait 300"],
      [2, gone(other), "wait 300"],
      [60, seen(pod("web", { of: "web-1", app: "web", ends: 90 })), ""],
      [90, gone(web), "notify"],
    ],
    "evicts the pod when its time is over": [
      [0, listed(web), "surge web, wait 300"],
      [1, waits, "surging web: shop/web, wait 300"],
      [
        300,
        tick,
        "notSurged web: the roll-out of Deployment shop/web has not ended within --surge-timeout, evict web",
      ],
    ],
    "evicts it at the same time where nothing is known of the Deployment": [
      [0, listed(web), "surge web, wait 300"],
      [300, tick, "notSurged web: its Deployment has not been read within --surge-timeout, evict web"],
      [301, waits, ""],
    ],
    "evicts it at once where no roll-out can replace it, and says why": [
      [0, listed(web), "surge web, wait 300"],
      [1, known({ do: "evict", why: "it is paused" }), "notSurged web: it is paused, evict web"],
    ],
    "says nothing where none is needed": [
      [0, listed(web), "surge web, wait 300"],
      [1, known({ do: "evict", why: undefined }), "evict web"],
    ],
    "asks for no Deployment of a pod that can have none": [
      [0, listed(pod("web", { app: "web" })), "notSurged web: it has no controller, evict web"],
    ],
    "evicts a pod at once that is not Ready": [
      [0, listed(pod("web", { of: "web-1", app: "web", ready: false })), "evict web"],
    ],
    "lets no pod wait that is seen after the time": [
      [0, listed(other), "evict other"],
      [301, seen(web), "evict web"],
    ],
    "forgets what comes too late for a pod that is terminating": [
      [0, listed(web), "surge web, wait 300"],
      [1, seen(pod("web", { of: "web-1", app: "web", ends: 31 })), ""],
      [2, known({ do: "evict", why: "it is paused" }), ""],
    ],
  };
  for (const [name, steps] of Object.entries(rows)) it(name, () => void play(steps, { surge }));

  it("says what it waits for, which delays nobody's drain", () => {
    const progress = play(
      [
        [0, listed(web), "surge web, wait 300"],
        [1, waits, "surging web: shop/web, wait 300"],
      ],
      { surge },
    );
    const state = stateAt(progress, 120);
    assert.ok(state.state === "running");
    assert.deepEqual(state.left, { surging: 1 });
    assert.deepEqual(state.heldUp, []);
    assert.deepEqual(state.blocked, [
      "shop/web: waits until the roll-out of Deployment shop/web has put another pod in its place (--surge-selector)",
    ]);
  });
});
