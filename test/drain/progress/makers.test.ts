import { a, agreed, gone, listed, type PodFacts, play, pod, type Row, seen, tick } from "./play.ts";

const op = (name: string, facts: PodFacts = {}) => pod(name, { of: "operator", tolerates: true, ...facts });
const agent = (name: string, facts: PodFacts = {}) =>
  pod(name, { of: "kruise", boundByName: true, ...facts });

describe("A pod that comes back", () => {
  const rows: Record<string, Row[]> = {
    "is evicted once if it was there, and stays if it came after an eviction of its like": [
      [0, listed(a), "evict a"],
      [0.1, seen(pod("a", { of: "web", ends: 30 })), ""],
      [0.2, seen(pod("a2", { of: "web", made: 0 })), "stays a2: came-back goes-down"],
      [5, gone(a), "notify"],
    ],
    "is no reason to wait, though it comes when the node was empty": [
      [0, listed(op("o")), "evict o"],
      [1, gone(op("o", { ends: 30 })), "wait 2"],
      [1.5, seen(op("o2", { made: 1 })), "stays o2: came-back goes-down, wait 2"],
      [2, tick, "notify"],
      [3, gone(op("o2")), ""],
      [4, seen(op("o3", { made: 4 })), "stays o3: came-back goes-down"],
    ],
    "is recognized where the end of its predecessor was missed": [
      [0, listed(op("o")), "evict o"],
      [50, listed(op("o2", { made: 20 })), "stays o2: came-back goes-down, notify"],
    ],
    "is none if it was created before the eviction of its like, but was seen late": [
      [0, listed(a), "evict a"],
      [1, seen(pod("a", { of: "web", ends: 31 })), ""],
      [1.5, seen(pod("b", { of: "web", made: 0 })), "evict b"],
    ],
    "is none if it belongs to another controller": [
      [0, listed(a), "evict a"],
      [1, seen(pod("a", { of: "web", ends: 31 })), ""],
      [2, seen(pod("c", { of: "till", made: 1 })), "evict c"],
    ],
    "is not evicted even once if it tolerates the cordon and came after it": [
      [0, listed(), "wait 2"],
      [1, seen(op("o", { made: 1 })), "stays o: tolerates-cordon goes-down, wait 2"],
      [2, tick, "notify"],
    ],
    "is not evicted even once if it is bound to the node and came after the cordon": [
      [0, listed(), "wait 2"],
      [1, seen(agent("x", { made: 1 })), "stays x: bound-to-node goes-down, wait 2"],
    ],
    "is evicted if it was bound before the cordon, which it tolerates, and is seen late": [
      [0, listed(), "wait 2"],
      [1, seen(op("o", { made: -1 })), "evict o"],
    ],
    "is reported once, though it changes": [
      [0, listed(), "wait 2"],
      [1, seen(op("o", { made: 1 })), "stays o: tolerates-cordon goes-down, wait 2"],
      [1.5, seen(op("o", { made: 1, phase: "Failed" })), "wait 2"],
    ],
    "keeps its volume, which is not waited for": [
      [0, listed(op("o", { claim: "data" })), "evict o"],
      [1, gone(op("o", { ends: 30 })), "wait 2"],
      [1.5, seen(op("o2", { made: 1, claim: "data" })), "stays o2: came-back goes-down, wait 2"],
      [2, tick, "notify"],
    ],
    "fails no drain, though its data may not be lost": [
      [0, listed(), "wait 2"],
      [
        1,
        seen(op("o", { made: 1, verdict: { do: "refuse", reasons: ["local-data"] } })),
        "stays o: tolerates-cordon goes-down, wait 2",
      ],
    ],
    "is recognized by its name, without a controller": [
      [0, listed(pod("runner")), "evict runner"],
      [1, gone(pod("runner", { ends: 30 })), "wait 2"],
      [2, seen({ ...pod("r2", { made: 1 }), maker: "shop/runner" }), "stays r2: came-back goes-down, notify"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played));

  it("is evicted if it is there as the drain begins, however wrong the clock is", () => {
    play([[0, listed(op("o", { made: 60 })), "evict o"]]);
  });

  it("stays if a restarted daemon finds it, and others are evicted", () => {
    const found = [op("o", { made: 30 }), agent("x", { made: 30 }), op("old"), a];
    play(
      [
        [
          60,
          listed(...found),
          "stays o: tolerates-cordon goes-down, stays x: bound-to-node goes-down, evict old, evict a",
        ],
      ],
      {},
      60,
    );
  });

  it("stays if a restarted daemon finds it, though it may not be evicted", () => {
    const held = op("o", { made: 30, verdict: { do: "refuse", reasons: ["local-data"] } });
    play([[60, listed(held), "stays o: tolerates-cordon goes-down, wait 62"]], {}, 60);
  });

  it("is counted for its controller, evicted more and more slowly, and then no longer", () => {
    const late = (number: number) => seen(pod(`late${number}`, { of: "web" }));
    const rows: Row[] = [[0, listed(), "wait 2"]];
    let second = 3;
    const pauses = [1, 2, 4, 8, 16, 30, 30];
    rows.push([second, late(0), "evict late0"]);
    for (const [index, pause] of pauses.entries()) {
      rows.push([second, late(index + 1), `wait ${second + pause}`]);
      // As many requests of one controller may be without an answer.
      if (index >= 4) {
        const ending = seen(pod(`late${index - 4}`, { of: "web", ends: 200 }));
        for (const event of [ending, agreed(`late${index - 4}`)])
          rows.push([second, event, `wait ${second + pause}`]);
      }
      second += pause;
      rows.push([second, tick, `evict late${index + 1}`]);
    }
    rows.push([second + 60, late(8), "stays late8: came-back goes-down"]);
    play(rows);
  });

  it("is reported ten times for each controller", () => {
    const rows: Row[] = [
      [0, listed(), "wait 2"],
      [2, tick, "notify"],
    ];
    for (let number = 1; number <= 12; number += 1) {
      const one = op(`o${number}`, { made: number });
      rows.push([3, seen(one), number <= 10 ? `stays o${number}: tolerates-cordon goes-down` : ""]);
      rows.push([3, gone(one), ""]);
    }
    play(rows);
  });
});
