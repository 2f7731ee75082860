import { startCrowd } from "./crowd.ts";
import { type Figure, figure, median } from "./figures.ts";
import { handOverMs } from "./hand-overs.ts";

export interface WaitingOptions {
  nodes: number;
  concurrency: number;
  /** After so many the run ends; the others still wait then. */
  handOvers: number;
  seed: number;
}

const bench = "lock";
const minute = 60_000;
const lease = { verb: "patch", resource: "leases", name: "rebootd" };

/** Thousands that wait for a lock with few slots, some for hours longer than others. */
export async function benchCrowd({ nodes, concurrency, handOvers, seed }: WaitingOptions): Promise<Figure[]> {
  const options = { concurrency: String(concurrency), "ready-settle": "0" };
  const crowd = await startCrowd({ nodes, seed, options, downMs: 30_000, waitedMinutes: 600 });
  const { server, time, cordons, releases } = crowd;
  await time.until(
    "the hand-overs",
    () => cordons.at.length >= handOvers + concurrency,
    handOvers * 5 * minute,
  );
  const writes = server.ledger.count(lease);
  const conflicts = server.ledger.count({ ...lease, status: 409 });
  const gaps = handOverMs({ releasedAt: releases.at, cordonedAt: cordons.at }, concurrency);
  crowd.stop();
  const what = `${nodes} waiting, ${concurrency} at a time, virtual time`;
  const turns = cordons.at.length;
  return [
    figure(bench, `${what}: nodes in the lock at one time`, releases.insideMost, "nodes", concurrency),
    figure(bench, `${what}: lock writes a hand-over`, writes / turns, "writes", 3),
    figure(bench, `${what}: of them in vain`, conflicts / turns, "writes", 1),
    figure(bench, `${what}: release to next cordon, median`, median(gaps) / 1000, "s", 2),
    figure(bench, `${what}: release to next cordon, most`, Math.max(...gaps) / 1000, "s", 5),
    // By chance it would be 0.5.
    figure(
      bench,
      `${what}: part of the waiting that has waited longer than the next, median`,
      median(cordons.positions),
      "",
      0.4,
    ),
  ];
}
