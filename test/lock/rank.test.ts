import assert from "node:assert/strict";
import { type Rank, turnDelayMs } from "../../daemon/lock/rank.ts";
import { everyRow } from "../rows.ts";
import { seeded } from "../simulation/seeded.ts";

const hour = 3_600_000;
const random = seeded(7);

function draw(rank: Partial<Rank> = {}): number {
  return turnDelayMs({ priority: "normal", waitedMs: hour, clusterSize: 100, ...rank }, random);
}
function draws(count: number, rank: Partial<Rank> = {}): number[] {
  return Array.from({ length: count }, () => draw(rank)).sort((a, b) => a - b);
}

/** How often the first rank is before the second. */
function share(first: Partial<Rank>, second: Partial<Rank>): number {
  const rounds = 2000;
  let won = 0;
  for (let round = 0; round < rounds; round += 1) if (draw(first) < draw(second)) won += 1;
  return won / rounds;
}

describe("The delay before a node tries", () => {
  const stretchMs = (clusterSize: number) => 110 * Math.log1p(clusterSize);

  it("is short in a small cluster, and under two seconds in one of 5,000 nodes", () => {
    for (const [clusterSize, mostMs] of [
      [5, 400],
      [50, 900],
      [5000, 1900],
    ] as const) {
      assert.ok(Math.max(...draws(1000, { clusterSize })) <= mostMs);
      assert.ok(Math.max(...draws(1000, { clusterSize, leftMs: 1 })) <= 2 * mostMs);
    }
  });

  const numbers = [1, 50, 500, 5000].map((waiting) => [`${waiting} of 5,000 wait`, waiting] as const);
  it("lets few nodes try before the first is seen to be in, however many wait", () =>
    everyRow(numbers, (waiting) => {
      const rounds = 100;
      let tries = 0;
      for (let round = 0; round < rounds; round += 1) {
        const all = draws(waiting, { clusterSize: 5000 });
        const first = all[0] ?? 0;
        tries += all.filter((ms) => ms - first < 110).length;
      }
      assert.ok(tries / rounds < 5, `${tries / rounds} tries`);
    }));

  const stretches: [what: string, rank: Partial<Rank>, stretch: number][] = [
    ["high priority", { priority: "high" }, 0],
    ["normal priority", { priority: "normal" }, 1],
    ["low priority", { priority: "low" }, 2],
    [
      "left since the last entrant began to wait",
      { priority: "high", leftMs: 59_000, lastEntrantWaitMs: 60_000 },
      3,
    ],
    ["left before that", { priority: "high", leftMs: 61_000, lastEntrantWaitMs: 60_000 }, 0],
    ["left within the hour, and saw no entrant", { priority: "high", leftMs: hour - 1 }, 3],
    ["left before that, and saw no entrant", { priority: "high", leftMs: hour }, 0],
  ];
  it("is in the stretch of the priority, or behind all if the node had its turn since the last entrant waits", () =>
    everyRow(stretches, (rank, stretch) => {
      const all = draws(1000, rank);
      assert.ok((all[0] ?? 0) >= stretch * stretchMs(100));
      assert.ok((all.at(-1) ?? 0) <= (stretch + 1) * stretchMs(100));
    }));

  it("is mostly longer for a node that has just left or waits less long, however old its need is", () => {
    const lastEntrantWaitMs = hour;
    const left = { lastEntrantWaitMs, waitedMs: 100 * hour };
    const early = share({ ...left, leftMs: 0.96 * hour }, { ...left, leftMs: 0.48 * hour });
    assert.ok(Math.abs(early - 16 / 17) < 0.03, `${early}`);
    assert.ok(Math.abs(share({ lastEntrantWaitMs }, { lastEntrantWaitMs }) - 0.5) < 0.05);
    const twice = share({ lastEntrantWaitMs, waitedMs: 2 * hour }, { lastEntrantWaitMs });
    assert.ok(Math.abs(twice - 16 / 17) < 0.03, `${twice}`);
  });

  it("stays spread out if all have waited far longer than the last entrant", () => {
    const all = draws(5000, { clusterSize: 5000, waitedMs: 100 * hour, lastEntrantWaitMs: 1 });
    const first = all[0] ?? 0;
    assert.ok(all.filter((ms) => ms - first < 20).length < 20);
  });
});
