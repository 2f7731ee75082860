import { contract } from "../../daemon/annotations/names.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import type { Clock, Random } from "../../daemon/time/clock.ts";
import { iso } from "../../daemon/time/iso.ts";
import { type ApiServer, createApiServer } from "../kubernetes/api/server.ts";
import { bootIdFile, rebootFile, sentinelFile } from "../kubernetes/machines/machine.ts";
import { randomUuid } from "../kubernetes/machines/power.ts";
import { memoryStorage } from "../kubernetes/machines/storage.ts";
import { createVirtualTime, type VirtualTime } from "../kubernetes/virtual-time.ts";
import { seeded } from "../simulation/seeded.ts";
import { startSimulatedDaemon } from "../simulation/simulated-daemon.ts";
import { createManifests, daemonUser, daemonUserOn } from "../world/manifests.ts";

/** `noon` of the bench. */
export const startedAt = Date.parse("2026-11-24T12:00:00Z");
const minute = 60_000;

export interface CrowdOptions {
  nodes: number;
  seed: number;
  /** For every daemon. */
  options: RawOptions;
  /** How long a machine is down on average; drawn, by a quarter shorter or longer. */
  downMs: number;
  /** How long each node has waited at the start: up to so many minutes, drawn. */
  waitedMinutes: number;
  /** Nodes are spread over so many; without it they have no zone. */
  zones?: number;
}

/** The cluster, in virtual time, and its administrator. */
interface Crowd {
  server: ApiServer;
  admin: Api;
  clock: Clock;
  random: Random;
  signal: AbortSignal;
}

/** As a person would see it, by the server's own clock. */
export interface StartedCrowd {
  server: ApiServer;
  time: VirtualTime;
  cordons: Cordons;
  releases: Releases;
  stop(): void;
}

/**
 * The real daemon on each of thousands of nodes, in one process and in virtual time. All wait from the start; the API
 * server answers after 5 to 45 ms, and its watches are 20 to 60 ms late.
 */
export async function startCrowd(options: CrowdOptions): Promise<StartedCrowd> {
  const random = seeded(options.seed);
  const time = createVirtualTime(startedAt);
  const { clock, timers } = time;
  const stop = new AbortController();
  const { signal } = stop;
  const server = createApiServer({ timers, random, authorization: "always-allow", ledgerMax: 4_000_000 });
  const admin = createClient({ transport: server.transport(server.adminToken), clock });
  const crowd: Crowd = { server, admin, clock, random, signal };
  await createManifests(admin, signal, { without: ["DaemonSet"] });
  delayAnswers(server);
  const since = new Map<string, number>();
  for (let number = 1; number <= options.nodes; number += 1) {
    since.set(`n${number}`, await startNode(crowd, number, options));
  }
  const cordons = followNodes(crowd, since);
  const releases = followLock(crowd);
  return { server, time, cordons, releases, stop: () => stop.abort(new Error("the bench is over")) };
}

function delayAnswers({ faults }: ApiServer): void {
  const match = { user: daemonUser.name };
  for (const [probability, latencyMs] of [
    [1, 5],
    [0.5, 10],
    [0.2, 30],
  ] as const) {
    faults.add({ match, probability, effect: { latencyMs } });
  }
  for (const [probability, watchDelayMs] of [
    [1, 20],
    [0.5, 40],
  ] as const) {
    faults.add({ match, probability, effect: { watchDelayMs } });
  }
}

/** A node with its daemon and a machine that reboots; resolves with the time since which it has needed that. */
async function startNode(crowd: Crowd, number: number, options: CrowdOptions): Promise<number> {
  const { server, admin, clock, random, signal } = crowd;
  const { waitedMinutes, downMs, zones } = options;
  const name = `n${number}`;
  const storage = memoryStorage();
  const bootID = randomUuid(random);
  storage.write(bootIdFile, bootID);
  storage.write(sentinelFile, "");
  const neededSince = startedAt - Math.floor(random() * waitedMinutes) * minute;
  const annotations = { [contract.cycle.key]: waitingSince(iso(neededSince)) };
  const labels = zones === undefined ? {} : { "topology.kubernetes.io/zone": `z${number % zones}` };
  await admin.create("/api/v1/nodes", { metadata: { name, annotations, labels } }, { signal });
  await setReady(crowd, name, bootID);
  const token = server.addUser(daemonUserOn(name));
  const startDaemon = () =>
    startSimulatedDaemon({
      options: { "node-id": name, ...options.options },
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
    void clock.sleep(downMs * (0.75 + random() / 2), signal).then(async () => {
      storage.write(bootIdFile, next);
      await setReady(crowd, name, next);
      daemon = startDaemon();
    });
  }, signal);
  return neededSince;
}

/** A record as of a node that has waited behind a gate until now. */
function waitingSince(since: string): string {
  const reasons = [{ gate: "window", code: "outside", message: "outside", since }];
  const need = { source: "file", reasons: [], since };
  return JSON.stringify({ phase: "Waiting", since, need, reasons });
}

async function setReady({ admin, signal }: Crowd, name: string, bootID: string): Promise<void> {
  const conditions = [{ type: "Ready", status: "True" }];
  const status = { conditions, nodeInfo: { bootID } };
  await admin.patch(`/api/v1/nodes/${name}/status`, { status }, { signal });
}

export interface Cordons {
  readonly at: readonly number[];
  /** Of each cordoned node: the part of those still waiting that has waited longer. */
  readonly positions: readonly number[];
}

/** Cordons as the server stores them. `since`: the nodes that wait, and since when. */
function followNodes({ server, clock }: Crowd, since: ReadonlyMap<string, number>): Cordons {
  const at: number[] = [];
  const positions: number[] = [];
  const waiting = new Map(since);
  server.onChange("nodes", ({ object }) => {
    const { name, annotations } = object.metadata;
    const phase = parseRecord(annotations?.[contract.cycle.key]).record?.phase;
    const own = waiting.get(name);
    if (phase !== "Draining" || own === undefined) return;
    at.push(clock.wall());
    waiting.delete(name);
    positions.push([...waiting.values()].filter((other) => other < own).length / waiting.size);
  });
  return { at, positions };
}

export interface Releases {
  readonly at: readonly number[];
  /** The most nodes that were in the lock at one time. */
  readonly insideMost: number;
}

function followLock({ server, clock }: Crowd): Releases {
  const at: number[] = [];
  let inside = 0;
  let insideMost = 0;
  server.onChange("leases.coordination.k8s.io", ({ object }) => {
    if (object.metadata.name !== "rebootd") return;
    const { holderIdentity } = (object as { spec?: { holderIdentity?: string } }).spec ?? {};
    const now = (holderIdentity ?? "").split(",").filter((name) => name !== "").length;
    if (now < inside) at.push(clock.wall());
    inside = now;
    insideMost = Math.max(insideMost, now);
  });
  return {
    at,
    get insideMost() {
      return insideMost;
    },
  };
}
