import { contract } from "../../daemon/annotations/names.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import { createApiServer } from "../kubernetes/api/server.ts";
import { bootIdFile, rebootFile, sentinelFile } from "../kubernetes/machines/machine.ts";
import { randomUuid } from "../kubernetes/machines/power.ts";
import { memoryStorage } from "../kubernetes/machines/storage.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { seeded } from "../simulation/seeded.ts";
import { startSimulatedDaemon } from "../simulation/simulated-daemon.ts";
import { createManifests, daemonUser, daemonUserOn } from "../world/manifests.ts";
import { type Figure, figure, median } from "./figures.ts";
import { handOverMs } from "./hand-overs.ts";

export interface CrowdOptions {
  nodes: number;
  concurrency: number;
  /** After so many the run ends; the others still wait then. */
  handOvers: number;
  seed: number;
}

const bench = "lock";
const start = Date.parse("2026-11-24T12:00:00Z");
const minute = 60_000;
const downMs = 30_000;
const lease = { verb: "patch", resource: "leases", name: "rebootd" };

/**
 * The real daemon on each of thousands of nodes, in one process and in virtual time. All wait from the start, some for hours
 * longer than others; the API server answers after 5 to 45 ms, and its watches are 20 to 60 ms late.
 */
export async function benchCrowd({ nodes, concurrency, handOvers, seed }: CrowdOptions): Promise<Figure[]> {
  const random = seeded(seed);
  const time = createVirtualTime(start);
  const { clock, timers } = time;
  const stop = new AbortController();
  const { signal } = stop;
  const server = createApiServer({ timers, random, authorization: "always-allow", ledgerMax: 2_000_000 });
  const admin = createClient({ transport: server.transport(server.adminToken), clock });
  await createManifests(admin, signal, { without: ["DaemonSet"] });
  for (const [probability, latencyMs] of [
    [1, 5],
    [0.5, 10],
    [0.2, 30],
  ] as const) {
    server.faults.add({ match: { user: daemonUser.name }, probability, effect: { latencyMs } });
  }
  for (const [probability, watchDelayMs] of [
    [1, 20],
    [0.5, 40],
  ] as const) {
    server.faults.add({ match: { user: daemonUser.name }, probability, effect: { watchDelayMs } });
  }

  const releasedAt: number[] = [];
  const cordonedAt: number[] = [];
  const positions: number[] = [];
  const since = new Map<string, number>();
  let inside = 0;
  let insideMost = 0;

  async function setStatus(name: string, bootID: string, ready: boolean): Promise<void> {
    const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
    const status = { conditions, nodeInfo: { bootID } };
    await admin.patch(`/api/v1/nodes/${name}/status`, { status }, { signal });
  }

  async function startNode(name: string): Promise<void> {
    const storage = memoryStorage();
    const bootID = randomUuid(random);
    storage.write(bootIdFile, bootID);
    storage.write(sentinelFile, "");
    const neededSince = start - Math.floor(random() * 600) * minute;
    since.set(name, neededSince);
    // As if it had waited behind a gate until now.
    const reasons = [{ gate: "window", code: "outside", message: "outside", since: iso(neededSince) }];
    const need = { source: "file", reasons: [], since: iso(neededSince) };
    const record = JSON.stringify({ phase: "Waiting", since: iso(neededSince), need, reasons });
    const metadata = { name, annotations: { [contract.cycle.key]: record } };
    await admin.create("/api/v1/nodes", { metadata }, { signal });
    await setStatus(name, bootID, true);
    const token = server.addUser(daemonUserOn(name));
    const startDaemon = () =>
      startSimulatedDaemon({
        options: { "node-id": name, concurrency: String(concurrency), "ready-settle": "0" },
        storage,
        surroundings: {
          transport: server.transport(token),
          clock,
          random,
          post: async () => ({ status: 503, text: "" }),
        },
        onLog: () => {},
      });
    let daemon = startDaemon();
    storage.watch(() => {
      if (storage.read(rebootFile) === undefined) return;
      storage.remove(rebootFile);
      storage.remove(sentinelFile);
      daemon.kill("SIGKILL");
      const next = randomUuid(random);
      void clock.sleep(downMs, signal).then(async () => {
        storage.write(bootIdFile, next);
        await setStatus(name, next, true);
        daemon = startDaemon();
      });
    }, signal);
  }

  /** What a person would see, by the server's own clock. */
  async function follow(): Promise<void> {
    for await (const { object } of admin.watch<WholeNode>("/api/v1/nodes", { signal })) {
      const name = object.metadata?.name ?? "";
      const phase = parseRecord(object.metadata?.annotations?.[contract.cycle.key]).record?.phase;
      if (phase !== "Draining" || !since.has(name)) continue;
      cordonedAt.push(clock.wall());
      const own = since.get(name) ?? 0;
      since.delete(name);
      positions.push([...since.values()].filter((other) => other < own).length / since.size);
    }
  }

  async function followLock(): Promise<void> {
    const path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
    for await (const { type, object } of admin.watch<{ spec?: { holderIdentity?: string } }>(path, {
      signal,
    })) {
      if (type === "BOOKMARK") continue;
      const now = (object.spec?.holderIdentity ?? "").split(",").filter((name) => name !== "").length;
      if (now < inside) releasedAt.push(clock.wall());
      inside = now;
      insideMost = Math.max(insideMost, now);
    }
  }

  for (let number = 1; number <= nodes; number += 1) await startNode(`n${number}`);
  void follow().catch(() => {});
  void followLock().catch(() => {});
  await time.until(
    "the hand-overs",
    () => cordonedAt.length >= handOvers + concurrency,
    handOvers * 5 * minute,
  );
  const writes = server.ledger.count(lease);
  const conflicts = server.ledger.count({ ...lease, status: 409 });
  const gaps = handOverMs({ releasedAt, cordonedAt }, concurrency);
  stop.abort(new Error("the bench is over"));
  // By chance it would be 0.5.
  const what = `${nodes} waiting, ${concurrency} at a time, virtual time`;
  return [
    figure(bench, `${what}: nodes in the lock at one time`, insideMost, "nodes", concurrency),
    figure(bench, `${what}: lock writes a hand-over`, writes / cordonedAt.length, "writes", 3),
    figure(bench, `${what}: of them in vain`, conflicts / cordonedAt.length, "writes", 1),
    figure(bench, `${what}: release to next cordon, median`, median(gaps) / 1000, "s", 2),
    figure(bench, `${what}: release to next cordon, most`, Math.max(...gaps) / 1000, "s", 5),
    figure(
      bench,
      `${what}: part of the waiting that has waited longer than the next, median`,
      median(positions),
      "",
      0.4,
    ),
  ];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
