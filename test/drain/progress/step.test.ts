import assert from "node:assert/strict";
import type { ApiErrorCode } from "../../../daemon/cluster/api.ts";
import type { DrainEvent } from "../../../daemon/drain/progress/events.ts";
import { beginDrain, type Progress } from "../../../daemon/drain/progress/progress.ts";
import { step } from "../../../daemon/drain/progress/step.ts";
import {
  a,
  agreed,
  at,
  b,
  gone,
  listed,
  play,
  pod,
  type Row,
  refused,
  rules,
  seen,
  stateAt,
  tick,
} from "./play.ts";

const trouble = (code: ApiErrorCode): DrainEvent => ({ type: "troubled", code, why: `list pods: ${code}` });

describe("A drain", () => {
  const rows: Record<string, Row[]> = {
    "evicts all pods at once, and ends when the last has gone": [
      [0, listed(a, b), "evict a, evict b"],
      [0.1, agreed("a"), "wait 60.1"],
      [0.1, agreed("b"), "wait 60.1"],
      [0.2, seen(pod("a", { of: "web", ends: 30 })), "wait 60.1"],
      [0.2, seen(pod("b", { of: "web", ends: 30 })), ""],
      [5, gone(a), ""],
      [6, gone(b), "notify"],
    ],
    "does nothing before it has the list": [
      [0, seen(a), ""],
      [1, listed(a), "evict a"],
    ],
    "evicts a higher tier when the ones below are gone": [
      [
        0,
        listed(pod("n", { tier: "system-node-critical" }), pod("c", { tier: "system-cluster-critical" }), a),
        "evict a",
      ],
      [1, gone(a), "evict c"],
      [2, gone(pod("c", { tier: "system-cluster-critical" })), "evict n"],
    ],
    "does not evict a pod that somebody else has deleted": [
      [0, listed(pod("a", { ends: 20 })), ""],
      [20, gone(a), "notify"],
    ],
    "counts pods as gone that a later list does not show": [
      [0, listed(a, b), "evict a, evict b"],
      [50, listed(b), ""],
      [100, listed(), "notify"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played));

  it("reports each pod that it evicts once, and each refusal of one that is still there", () => {
    let progress = beginDrain(rules, at(0));
    const reports: string[] = [];
    const events: [number, DrainEvent][] = [
      [0, listed(a)],
      [0, refused("a")],
      [1, tick],
      [1, refused("a")],
      [2, gone(a)],
      [2, refused("a")],
    ];
    for (const [second, event] of events) {
      const next = step(progress, event, at(second));
      progress = next.progress;
      for (const one of next.requests) if (one.do === "report") reports.push(one.what);
    }
    assert.deepEqual(reports, ["requested", "refused", "refused"]);
  });

  it("fails for a pod that may not be evicted before it evicts any, and does nothing more", () => {
    const naked = pod("naked", { verdict: { do: "refuse", reasons: ["no-controller"] } });
    const failed = play([
      [0, listed(a, naked), "notify"],
      [1, listed(a), ""],
    ]);
    assert.match(
      JSON.stringify(stateAt(failed, 1)),
      /shop\/naked is not managed by a controller and will not be recreated/,
    );
    const later = play([
      [0, listed(a), "evict a"],
      [1, seen(naked), "notify"],
    ]);
    assert.equal(stateAt(later, 1).state, "failed");
  });

  it("names why the pods cannot be seen, until they are seen again", () => {
    const blind = play([
      [0, listed(a), "evict a"],
      [1, trouble("server-error"), ""],
    ]);
    const troubleIn = (progress: Progress) => {
      const state = stateAt(progress, 1);
      return state.state === "running" && state.trouble;
    };
    assert.equal(troubleIn(blind), "list pods: server-error");
    assert.equal(troubleIn(step(blind, { type: "watching" }, at(1)).progress), undefined);
    assert.equal(troubleIn(step(blind, listed(a), at(1)).progress), undefined);
  });

  it("fails where the server has refused for long, and requests nothing more", () => {
    for (const [code, lasts] of [
      ["forbidden", 30],
      ["unauthorized", 180],
    ] as const) {
      const failed = play([
        [5, trouble(code), ""],
        [4 + lasts, trouble(code), ""],
        [5 + lasts, trouble(code), "notify"],
        [6 + lasts, listed(a), ""],
      ]);
      const why = `the pods of this node cannot be seen: list pods: ${code}`;
      assert.deepEqual(stateAt(failed, 300), { state: "failed", why, isBlind: true });
    }
  });

  it("does not fail early where it has seen the pods in between, for a transient error, or once no pod remains", () => {
    const between = play([
      [0, trouble("forbidden"), ""],
      [20, listed(a), "evict a"],
      [21, trouble("forbidden"), ""],
      [50, trouble("forbidden"), ""],
      [51, trouble("server-error"), ""],
      [52, trouble("forbidden"), ""],
      [81, trouble("forbidden"), ""],
    ]);
    assert.equal(stateAt(between, 81).state, "running");
    const passing = play([
      [0, trouble("server-error"), ""],
      [800, trouble("server-error"), ""],
    ]);
    assert.equal(stateAt(passing, 800).state, "running");
    const empty = play([
      [0, listed(), "wait 2"],
      [2, tick, "notify"],
      [3, trouble("forbidden"), ""],
      [60, trouble("forbidden"), ""],
    ]);
    assert.equal(stateAt(empty, 60).state, "done");
  });

  it("fails where something breaks", () => {
    const broken = play([[0, { type: "broke", why: "the drain broke: x" }, "notify"]]);
    assert.deepEqual(stateAt(broken, 0), { state: "failed", why: "the drain broke: x" });
  });
});
