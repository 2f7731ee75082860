import assert from "node:assert/strict";
import {
  agreed,
  gone,
  listed,
  type PodFacts,
  play,
  pod,
  type Row,
  refused,
  seen,
  stateAt,
  tick,
} from "./play.ts";

const a = pod("a", { of: "web" });
/** A pod of a DaemonSet that asks for its stop. */
const ds = (name: string, facts: PodFacts = {}) =>
  pod(name, {
    of: "agent",
    tolerates: true,
    verdict: { do: "stop", reasons: ["daemonset-stop"] },
    ...facts,
  });

describe("A pod of a DaemonSet that is to stop", () => {
  const rows: Record<string, Row[]> = {
    "is deleted when all others are gone, whatever their tier, and waited for": [
      [0, listed(ds("d"), pod("n", { tier: "system-node-critical" }), a), "evict a"],
      [1, gone(a), "evict n"],
      [4, gone(pod("n")), "stop d"],
      [4.1, agreed("d"), "wait 64.1"],
      [4.1, seen(ds("d", { ends: 34 })), ""],
      [9, gone(ds("d")), "notify"],
    ],
    "is deleted on a node that has no other pod, when none has come for 2 s": [
      [0, listed(ds("d")), "wait 2"],
      [2, tick, "stop d"],
      [3, gone(ds("d", { ends: 32 })), "notify"],
    ],
    "is deleted when the volumes of the others are detached": [
      [0, listed(ds("d", { claim: "own" }), pod("v", { claim: "data" })), "evict v"],
      [4, gone(pod("v")), "detach shop/data until 124"],
      [5, { type: "attached", volumes: ["pv (csi)"] }, "notify"],
      [9, { type: "detached", claims: ["shop/data"] }, "stop d, notify"],
      [12, gone(ds("d")), "notify"],
    ],
    "is back at once, which is no reason to wait nor to delete it again": [
      [0, listed(ds("d")), "wait 2"],
      [2, tick, "stop d"],
      [2.1, seen(ds("d", { ends: 32 })), ""],
      [2.2, seen(ds("d2", { made: 2 })), "stays d2: came-back goes-down"],
      [5, gone(ds("d", { ends: 32 })), "notify"],
      [6, gone(ds("d2")), ""],
      [7, seen(ds("d3", { made: 6 })), "stays d3: came-back goes-down"],
    ],
    "waits for a pod that comes meanwhile": [
      [0, listed(ds("d"), ds("e", { of: "other" })), "wait 2"],
      [1, seen(pod("late", { made: -1 })), "evict late"],
      [3, gone(pod("late")), "stop d, stop e"],
      [4, seen(pod("x", { made: -1 })), "evict x"],
      [5, gone(ds("d", { ends: 33 })), ""],
      [6, gone(ds("e", { ends: 33 })), ""],
      [7, gone(pod("x")), "notify"],
    ],
    "is left where somebody else had it made anew after the cordon": [
      [0, listed(ds("d"), a), "evict a"],
      [1, gone(ds("d")), ""],
      [1.5, seen(ds("d2", { made: 1 })), "stays d2: tolerates-cordon goes-down"],
      [3, gone(a), "notify"],
    ],
    "is deleted again where the server fails, after a pause": [
      [0, listed(ds("d")), "wait 2"],
      [2, tick, "stop d"],
      [2, refused("d", "server"), "wait 3"],
      [3, tick, "stop d"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played));

  it("is not deleted again by a daemon that starts anew, though the cordon is seconds old", () => {
    play(
      [
        [5, listed(ds("d2", { made: 3 })), "stays d2: tolerates-cordon goes-down, wait 7"],
        [7, tick, "notify"],
      ],
      {},
      5,
    );
  });

  it("is named as one that remains, and that goes last", () => {
    const before = stateAt(play([[0, listed(a, ds("d")), "evict a"]]), 1);
    assert.deepEqual(before.state === "running" && [before.podsLeft, before.blocked], [
      2,
      ["shop/a: evicted, not yet terminating", "shop/d: is deleted last"],
    ]);
  });

  it("makes the drain fail in seconds where it may not be deleted, and the reboot does not follow anyway", () => {
    const tries: Row[] = [2, 3, 5].flatMap((second, index): Row[] => [
      [second, tick, "stop d"],
      [second, refused("d", "rights"), `wait ${[3, 5, 9][index]}`],
    ]);
    const rows: Row[] = [[0, listed(ds("d")), "wait 2"], ...tries, [9, tick, "stop d"]];
    const state = stateAt(play([...rows, [9, refused("d", "rights"), "notify"]]), 9);
    assert.match(
      state.state === "failed" ? state.why : "",
      /^the node cannot be drained: shop\/d no; grant .*components\/delete-pods/,
    );
    const anyway = play([...rows, [9, refused("d", "rights"), "wait 17"]], { rebootAnyway: true });
    assert.equal(stateAt(anyway, 9).state, "running");
  });
});
