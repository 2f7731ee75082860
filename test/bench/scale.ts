import type { RawOptions } from "../../daemon/config/settings.ts";
import { isCrowd } from "../../daemon/lock/crowd.ts";
import type { LedgerEntry } from "../kubernetes/api/ledger.ts";
import { daemonUser } from "../world/manifests.ts";
import { type StartedCrowd, startCrowd, startedAt } from "./crowd.ts";
import { type Figure, figure, median } from "./figures.ts";
import { handOverMs } from "./hand-overs.ts";

export interface ScaleOptions {
  nodes: number;
  /** Slots of the lock. */
  slots: number;
  zones?: number;
  options?: RawOptions;
}

/** What a roll costs in which all nodes need their reboot at one time. */
export interface Scaled {
  nodes: number;
  slots: number;
  /** Of the lock, in all. */
  writes: number;
  writesInVain: number;
  /** Of all daemons, watches that are opened included. */
  requests: number;
  /** In the busiest second, without the minute in which all daemons start. */
  requestsPeak: number;
  /** From each release to the cordon that takes its slot; milliseconds. */
  handOvers: readonly number[];
  /** From the start of the roll to the cordon of each node; milliseconds. */
  waits: readonly number[];
  /** Of the whole roll; milliseconds. */
  tookMs: number;
  /** If no slot were ever empty; milliseconds. */
  idealMs: number;
  /** What the server sends to those that watch the lock, and at most at once for one node. */
  watchedBytes: number;
  lockBytesMost: number;
  insideMost: number;
}

const bench = "scale";
const downMs = 30_000;
const startMs = 60_000;
const hour = 3_600_000;

/** Rolls with one slot, and with 5 and 10 % of the nodes at a time; over zones, and in a window. */
export const scales: readonly ScaleOptions[] = [
  { nodes: 10, slots: 1 },
  { nodes: 100, slots: 1 },
  { nodes: 100, slots: 10 },
  { nodes: 300, slots: 15, zones: 3, options: { "max-per-zone": "5" } },
  { nodes: 300, slots: 30, options: { "start-time": "11:00", "end-time": "20:00" } },
  { nodes: 300, slots: 60 },
  { nodes: 1000, slots: 50 },
];

export async function scale({ nodes, slots, zones, options }: ScaleOptions): Promise<Scaled> {
  const all = { concurrency: String(slots), "ready-settle": "0", ...options };
  const crowd = await startCrowd({
    nodes,
    seed: nodes + slots,
    options: all,
    downMs,
    waitedMinutes: 0,
    ...(zones !== undefined && { zones }),
  });
  const { time, releases } = crowd;
  await time.until("the roll", () => releases.at.length >= nodes, 20 * hour);
  const scaled = measured(crowd, nodes, slots);
  crowd.stop();
  return scaled;
}

function measured({ server, cordons, releases }: StartedCrowd, nodes: number, slots: number): Scaled {
  const ofDaemons = server.ledger.entries({ where: ({ user }) => user.startsWith(daemonUser.name) });
  const ofLock = ofDaemons.filter(({ resource, name }) => resource === "leases" && name === "rebootd");
  const writes = ofLock.filter(({ verb }) => verb === "patch");
  const watches = ofDaemons.filter(({ resource, verb }) => resource === "leases" && verb === "watch");
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    nodes,
    slots,
    writes: writes.length,
    writesInVain: writes.filter(({ status }) => status === 409).length,
    requests: ofDaemons.length,
    requestsPeak: busiestSecond(ofDaemons),
    handOvers: handOverMs({ releasedAt: releases.at, cordonedAt: cordons.at }, slots),
    waits: cordons.at.map((at) => at - startedAt),
    tookMs: Math.max(...releases.at) - startedAt,
    idealMs: (sum(releases.at) - sum(cordons.at)) / slots,
    watchedBytes: sum(watches.map(({ responseBytes }) => responseBytes)),
    lockBytesMost: Math.max(...writes.map(({ requestBytes }) => requestBytes)),
    insideMost: releases.insideMost,
  };
}

function busiestSecond(entries: readonly LedgerEntry[]): number {
  const perSecond = new Map<number, number>();
  for (const { start } of entries) {
    if (start < startedAt + startMs) continue;
    const second = Math.floor(start / 1000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  return Math.max(...perSecond.values());
}

/** A crowd does not watch the lock: who waits at the end of a roll sees a free slot when it reads, within 65 s. */
const budgets = {
  watched: { emptySeconds: 5, roll: 1.1, requests: 60 },
  crowd: { emptySeconds: 65, roll: 1.3, requests: 100 },
  // A free slot may be one that few of the waiting may take, which all others learn by asking.
  zones: { emptySeconds: 5, roll: 1.1, requests: 100 },
};

export async function benchScale(options: ScaleOptions): Promise<Figure[]> {
  const { nodes, slots, ...seen } = await scale(options);
  const seconds = seen.tookMs / 1000;
  const watched = options.zones === undefined ? budgets.watched : budgets.zones;
  const budget = isCrowd(nodes, slots) ? budgets.crowd : watched;
  const what = `${nodes} nodes, ${slots} at a time${options.zones === undefined ? "" : ", in zones"}`;
  return [
    figure(bench, `${what}: nodes in the lock at one time`, seen.insideMost, "nodes", slots),
    figure(bench, `${what}: lock writes a node`, seen.writes / nodes, "writes", 3),
    figure(bench, `${what}: of them in vain`, seen.writesInVain / nodes, "writes", 1),
    figure(bench, `${what}: release to next cordon, median`, median(seen.handOvers) / 1000, "s", 2),
    figure(
      bench,
      `${what}: release to next cordon, most`,
      Math.max(...seen.handOvers) / 1000,
      "s",
      budget.emptySeconds,
    ),
    figure(
      bench,
      `${what}: whole roll ÷ one without an empty slot`,
      seen.tookMs / seen.idealMs,
      "",
      budget.roll,
    ),
    figure(bench, `${what}: longest wait ÷ median`, Math.max(...seen.waits) / median(seen.waits), "", 2.2),
    figure(bench, `${what}: requests a node`, seen.requests / nodes, "requests", budget.requests),
    figure(bench, `${what}: requests a second, mean`, seen.requests / seconds, "requests/s", 1000),
    figure(bench, `${what}: requests a second, most`, seen.requestsPeak, "requests/s", 1000),
    figure(bench, `${what}: sent of the lock by watches`, seen.watchedBytes / seconds / 1e6, "MB/s", 20),
    figure(bench, `${what}: size of the lock at most`, seen.lockBytesMost / 1000, "kB", 250),
  ];
}
