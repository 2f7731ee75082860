import assert from "node:assert/strict";
import { a, agreed, b, gone, listed, play, pod, type Row, refused, seen, stateAt, tick } from "./play.ts";

describe("A drain whose evictions are refused", () => {
  const rows: Record<string, Row[]> = {
    "backs off under a budget: 1 s, 2, 4 … 40, and at least for the Retry-After of the server": [
      [0, listed(a), "evict a"],
      [0, refused("a"), "wait 1"],
      [1, tick, "evict a"],
      [1, refused("a"), "wait 3"],
      [3, tick, "evict a"],
      [3, refused("a", "budget", 60_000), "wait 63"],
      [63, tick, "evict a"],
      [63, refused("a"), "wait 71"],
      [71, tick, "evict a"],
      [71, refused("a"), "wait 87"],
      [87, tick, "evict a"],
      [87, refused("a"), "wait 119"],
      [119, tick, "evict a"],
      [119, refused("a"), "wait 159"],
    ],
    "evicts few pods of one controller at a time, as they have one budget, and many of others": [
      [
        0,
        listed(
          ...["1", "2", "3", "4", "5", "6"].map((name) => pod(`w${name}`, { of: "web" })),
          pod("x"),
          pod("y"),
        ),
        "evict w1, evict w2, evict w3, evict w4, evict w5, evict x, evict y",
      ],
      [0.1, agreed("w3"), "evict w6, wait 60.1"],
    ],
    "backs off to 2 minutes where the server has trouble": [
      [0, listed(a), "evict a"],
      ...[1, 3, 7, 15, 31, 63, 127, 247].flatMap((next, index, all): Row[] => [
        [all[index - 1] ?? 0, refused("a", "server"), `wait ${next}`],
        [next, tick, "evict a"],
      ]),
    ],
    "does not request again once a pod is terminating, though the answer was lost": [
      [0, listed(a), "evict a"],
      [1, refused("a", "server"), "wait 2"],
      [1.5, seen(pod("a", { ends: 31 })), ""],
      [2, tick, ""],
    ],
    "requests again after a minute where the server has accepted and nothing follows": [
      [0, listed(a), "evict a"],
      [1, agreed("a"), "wait 61"],
      [61, tick, "evict a"],
    ],
    "lets pods that the server has failed for stand in one line, with one request at a time": [
      [0, listed(a, b, pod("c")), "evict a, evict b, evict c"],
      [0, refused("a", "server"), "wait 1"],
      [0, refused("b", "server"), "wait 1"],
      [0, refused("c", "server"), "wait 1"],
      [1, tick, "evict a"],
      [1, refused("a", "server"), "wait 3"],
      [3, tick, "evict b"],
      [3, refused("b", "server"), "wait 7"],
      [7, tick, "evict c"],
      [7, refused("c", "server"), "wait 15"],
      [15, tick, "evict a"],
    ],
    "ends the line when a server that was away shows the pods again": [
      [0, listed(a, b), "evict a, evict b"],
      [0, refused("a", "server"), "wait 1"],
      [0, refused("b", "server"), "wait 1"],
      [1, tick, "evict a"],
      [1, refused("a", "server"), "wait 3"],
      [2, { type: "troubled", code: "unreachable", why: "away" }, "wait 3"],
      [2.5, { type: "watching" }, "evict b, evict a"],
    ],
    "ends the line when the server answers for one pod, though a budget refuses it": [
      [0, listed(a, b, pod("c")), "evict a, evict b, evict c"],
      [0, refused("a", "server"), "wait 1"],
      [0, refused("b", "server"), "wait 1"],
      [0, refused("c", "server"), "wait 1"],
      [1, tick, "evict a"],
      [2, refused("a"), "evict b, evict c, wait 4"],
    ],
    "goes on to the next in the line when the pod of the request has gone": [
      [0, listed(a, b), "evict a, evict b"],
      [0, refused("a", "server"), "wait 1"],
      [0, refused("b", "server"), "wait 1"],
      [1, tick, "evict a"],
      [2, gone(a), "evict b"],
    ],
    "observes the Retry-After of a server in trouble": [
      [0, listed(a), "evict a"],
      [0, refused("a", "server", 7000), "wait 7"],
      [7, tick, "evict a"],
    ],
    "requests each pod again by itself that a webhook refuses": [
      [0, listed(a, b), "evict a, evict b"],
      [0, refused("a", "webhook"), "wait 1"],
      [0, refused("b", "webhook", 5000), "wait 1"],
      [1, tick, "evict a, wait 5"],
      [1, refused("a", "webhook"), "wait 3"],
      [3, tick, "evict a, wait 5"],
      [5, tick, "evict b"],
    ],
    "requests one pod at a time where a webhook is down": [
      [0, listed(a, b), "evict a, evict b"],
      [0, refused("a", "webhook-down"), "wait 1"],
      [0, refused("b", "webhook-down"), "wait 1"],
      [1, tick, "evict a"],
      [1, refused("a", "webhook-down"), "wait 3"],
      [3, tick, "evict b"],
      [4, agreed("b"), "evict a, wait 64"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played));

  it("has no more evictions under way than --drain-parallelism", () => {
    play(
      [
        [0, listed(a, b, pod("c")), "evict a, evict b"],
        [1, refused("a"), "evict c"],
        [2, tick, ""],
        [3, gone(b), "evict a"],
      ],
      { parallelism: 2 },
    );
  });

  it("deletes all at once from its time on, without the back-off of the evictions, also pods in the line", () => {
    play(
      [
        [0, listed(a), "evict a"],
        [1, refused("a", "budget", 50_000), "wait 10"],
        [10, tick, "delete a"],
        [11, refused("a", "server"), "wait 12"],
        [12, tick, "delete a"],
      ],
      { deleteAt: 10_000 },
    );
    play(
      [
        [0, listed(a, b), "evict a, evict b"],
        [1, refused("a", "server", 50_000), "wait 10"],
        [1, refused("b", "server", 50_000), "wait 10"],
        [10, tick, "delete a, delete b"],
      ],
      { deleteAt: 10_000 },
    );
  });

  it("fails in seconds where the daemon has no right to evict, and names the right", () => {
    const rows: Row[] = [
      [0, listed(a), "evict a"],
      [0, refused("a", "rights"), "wait 1"],
      [1, tick, "evict a"],
      [1, refused("a", "rights"), "wait 3"],
      [3, tick, "evict a"],
      [3, refused("a", "rights"), "wait 7"],
      [7, tick, "evict a"],
    ];
    assert.equal(stateAt(play(rows), 7).state, "running");
    const state = stateAt(play([...rows, [7, refused("a", "rights"), "notify"]]), 7);
    assert.deepEqual(state, {
      state: "failed",
      why: "the node cannot be drained: shop/a no; grant the daemon's service account this right, as manifests/base and components/delete-pods do",
    });
    const last: Row = [7, refused("a", "rights"), "wait 15"];
    assert.equal(stateAt(play([...rows, last], { rebootAnyway: true }), 7).state, "running");
    const before: Row[] = [...rows.slice(0, -1), [7, tick, "evict a"], [7, refused("a", "rights"), "wait 8"]];
    const deleting = play(before, { deleteAt: 8000 });
    assert.equal(stateAt(deleting, 7).state, "running");
  });

  it("fails in seconds where it has no right to delete in the end", () => {
    const rows: Row[] = [
      [0, listed(a), "delete a"],
      [0, refused("a", "rights"), "wait 1"],
      [1, tick, "delete a"],
      [1, refused("a", "rights"), "wait 3"],
      [3, tick, "delete a"],
      [3, refused("a", "rights"), "wait 7"],
      [7, tick, "delete a"],
      [7, refused("a", "rights"), "notify"],
    ];
    assert.equal(stateAt(play(rows, { deleteAt: 0 }), 7).state, "failed");
  });
});
