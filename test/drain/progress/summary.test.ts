import assert from "node:assert/strict";
import type { DrainEvent } from "../../../daemon/drain/progress/events.ts";
import { beginDrain } from "../../../daemon/drain/progress/progress.ts";
import { asKnown, step } from "../../../daemon/drain/progress/step.ts";
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
      heldUp: [],
      trouble: undefined,
      slowGraceSeconds: undefined,
    });
  });

  it("names a few of many pods, each with a reason of bounded length", () => {
    const many = Array.from({ length: 12 }, (_, index) => pod(`p${index}`, { of: `web-${index}` }));
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
      [439, seen(pod("c", { of: "web" }))],
      [443, tick],
      [445, tick],
    ] as const) {
      const next = step(progress, event, at(second));
      progress = next.progress;
      if (next.requests.some(({ do: what }) => what === "notify")) heard.push(second);
    }
    assert.deepEqual(heard, [30, 60, 400, 445]);
  });

  it("names pods that delay the drain after 90 seconds, at once, with the budgets that refuse", () => {
    const budget = { namespace: "shop", name: "web", uid: "u" };
    const refusal = { by: "explained", why: "no", budgets: [budget] } as const;
    const refuses = { type: "refused", uid: "a", refusal, retryAfterMs: 3_600_000, chance: 0 } as const;
    let progress = beginDrain(rules, at(0));
    const heard: unknown[] = [];
    for (const [second, event] of [
      [0, listed(a, b)],
      [0, agreed("b")],
      [1, refuses],
      [31, tick],
      [59, tick],
      [89, tick],
      [90, tick],
      [91, tick],
    ] as const) {
      const next = step(progress, event, at(second));
      progress = next.progress;
      const state = stateAt(progress, second);
      if (!next.requests.some(({ do: what }) => what === "notify") || state.state !== "running") continue;
      heard.push([second, state.heldUp]);
    }
    const pod = { namespace: "shop", name: "a", uid: "a" };
    assert.deepEqual(heard, [
      [31, []],
      [90, [{ pod, why: "no", budgets: [budget] }]],
    ]);
  });

  it("is not reported to whom has seen it already", () => {
    let { progress } = step(beginDrain(rules, at(0)), listed(a, b), at(0));
    progress = asKnown(progress, stateAt(progress, 0));
    const { requests } = step(progress, tick, at(40));
    assert.deepEqual(
      requests.filter(({ do: what }) => what === "notify"),
      [],
    );
    const later = step(progress, gone(b), at(41));
    assert.ok(later.requests.some(({ do: what }) => what === "notify"));
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
