import assert from "node:assert/strict";
import { type Priority, parsePriority } from "../../daemon/annotations/priority.ts";
import { type Rank, turnDelayMs } from "../../daemon/lock/rank.ts";
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

  for (const waiting of [1, 50, 500, 5000]) {
    it(`lets few of ${waiting} that wait in 5,000 try before the first is seen to be in`, () => {
      const rounds = 100;
      let tries = 0;
      for (let round = 0; round < rounds; round += 1) {
        const all = draws(waiting, { clusterSize: 5000 });
        const first = all[0] ?? 0;
        tries += all.filter((ms) => ms - first < 110).length;
      }
      assert.ok(tries / rounds < 5, `${tries / rounds} tries`);
    });
  }

  const stretches: [Priority, number][] = [
    ["high", 0],
    ["normal", 1],
    ["low", 2],
  ];
  for (const [priority, stretch] of stretches) {
    it(`of priority ${priority} is in stretch ${stretch}, apart from the others`, () => {
      const all = draws(1000, { priority });
      assert.ok((all[0] ?? 0) >= stretch * stretchMs(100));
      assert.ok((all.at(-1) ?? 0) <= (stretch + 1) * stretchMs(100));
    });
  }

  for (const [what, rank, stretch] of [
    [
      "has left since the one that entered last began to wait",
      { leftMs: 59_000, lastEntrantWaitMs: 60_000 },
      3,
    ],
    ["has left before that", { leftMs: 61_000, lastEntrantWaitMs: 60_000 }, 0],
    ["has left within the hour, and has seen nobody enter", { leftMs: hour - 1 }, 3],
    ["has left before that, and has seen nobody enter", { leftMs: hour }, 0],
  ] as const) {
    it(`of a node of high priority that ${what} is in stretch ${stretch}`, () => {
      const all = draws(1000, { priority: "high", ...rank });
      assert.ok((all[0] ?? 0) >= stretch * stretchMs(100));
      assert.ok((all.at(-1) ?? 0) <= (stretch + 1) * stretchMs(100));
    });
  }

  it("is mostly longer for who has just left, however long its need has stood", () => {
    const lastEntrantWaitMs = hour;
    const left = { lastEntrantWaitMs, waitedMs: 100 * hour };
    const early = share({ ...left, leftMs: 0.96 * hour }, { ...left, leftMs: 0.48 * hour });
    assert.ok(Math.abs(early - 16 / 17) < 0.03, `${early}`);
  });

  it("is mostly shorter for who has waited longer", () => {
    const lastEntrantWaitMs = hour;
    assert.ok(Math.abs(share({ lastEntrantWaitMs }, { lastEntrantWaitMs }) - 0.5) < 0.05);
    const twice = share({ lastEntrantWaitMs, waitedMs: 2 * hour }, { lastEntrantWaitMs });
    assert.ok(Math.abs(twice - 16 / 17) < 0.03, `${twice}`);
  });

  it("stays spread out when all have waited far longer than the one that entered last", () => {
    const all = draws(5000, { clusterSize: 5000, waitedMs: 100 * hour, lastEntrantWaitMs: 1 });
    const first = all[0] ?? 0;
    assert.ok(all.filter((ms) => ms - first < 20).length < 20);
  });
});

describe("The priority on a Node", () => {
  it("is read in no time, however long it is", () => {
    const begin = performance.now();
    for (const space of [" ", "h"]) assert.equal(parsePriority(`high${space.repeat(250_000)}x`), undefined);
    assert.ok(performance.now() - begin < 500);
  });

  it("is normal where nothing is said", () => assert.equal(parsePriority(undefined), "normal"));
  it("is one of three words", () => {
    assert.equal(parsePriority("high"), "high");
    assert.equal(parsePriority("HIGH"), "high");
    assert.equal(parsePriority("7"), undefined);
  });
});
