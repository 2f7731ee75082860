import assert from "node:assert/strict";
import type { DrainEvent } from "../../../daemon/drain/progress/events.ts";
import { beginDrain } from "../../../daemon/drain/progress/progress.ts";
import { step } from "../../../daemon/drain/progress/step.ts";
import { a, agreed, at, b, gone, listed, play, pod, refused, rules, seen, stateAt, tick } from "./play.ts";

describe("The state of a drain", () => {
  it("counts the pods that remain, ordinary ones first, by their reasons", () => {
    const critical = pod("n", { tier: "system-node-critical" });
    const progress = play([
      [0, listed(critical, a, pod("f", { phase: "Failed" })), "evict a, evict f"],
      [0, refused("a"), "wait 1"],
    ]);
    assert.deepEqual(stateAt(progress, 0), {
      state: "running",
      isListed: true,
      podsLeft: 2,
      left: { budget: 1, "not-asked": 1 },
      blocked: [
        "shop/a: no; add healthy pods, or lower what the budget requires",
        "shop/n: eviction not requested yet",
      ],
      heldUp: [
        {
          pod: { namespace: "shop", name: "a", uid: "a" },
          why: "no; add healthy pods, or lower what the budget requires",
          budgets: [],
        },
      ],
      trouble: undefined,
      slowGraceSeconds: undefined,
    });
  });

  it("names a few of many pods, each with a reason of bounded length", () => {
    const many = Array.from({ length: 12 }, (_, index) => pod(`p${index}`, { of: "web" }));
    const progress = play([
      [0, listed(...many), many.map(({ pod }) => `evict ${pod.metadata?.name}`).join(", ")],
    ]);
    const long = { by: "rule", why: "x".repeat(1000) } as const;
    const event: DrainEvent = { type: "refused", uid: "p0", refusal: long, retryAfterMs: 0, chance: 0 };
    const state = stateAt(step(progress, event, at(0)).progress, 0);
    assert.ok(state.state === "running");
    assert.deepEqual([state.podsLeft, state.left], [12, { rule: 1, "no-effect": 11 }]);
    assert.equal(state.blocked.length, 5);
    assert.ok(state.blocked.join().length < 700);
  });

  it("is reported half a minute after the cordon, then more and more rarely, and only where it has changed", () => {
    const ending = (second: number) => seen(pod("a", { of: "web", ends: second }));
    let progress = beginDrain(rules, at(0));
    const heard: number[] = [];
    for (const [second, event] of [
      [0, listed(a, b)],
      [1, agreed("a")],
      [29, tick],
      [30, tick],
      [59, ending(600)],
      [60, tick],
      [100, tick],
      [400, gone(b)],
      [439, ending(300)],
      [443, tick],
      [445, tick],
    ] as const) {
      const next = step(progress, event, at(second));
      progress = next.progress;
      if (next.requests.some(({ do: what }) => what === "notify")) heard.push(second);
    }
    assert.deepEqual(heard, [30, 60, 400, 445]);
  });

  it("has the shortest grace of the terminating pods that outlasts the drain", () => {
    const slow = (name: string, grace: number) => {
      const one = pod(name, { of: "batch", ends: grace });
      Object.assign(one.pod.metadata ?? {}, { deletionGracePeriodSeconds: grace });
      return one;
    };
    const progress = play([[0, listed(slow("a", 7200), slow("b", 3600), slow("c", 800)), ""]]);
    const state = stateAt(progress, 0);
    assert.equal(state.state === "running" && state.slowGraceSeconds, 3600);
    const late = stateAt(progress, 3601);
    assert.equal(late.state === "running" && late.slowGraceSeconds, 7200, "the other one has had its time");
  });
});
