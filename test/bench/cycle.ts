/** The cost of one node's whole cycle at the API server, by verb and resource; in virtual time, so that it is the same each time. */
import type { LedgerEntry } from "../kubernetes/api/ledger.ts";
import type { Workload } from "../kubernetes/workloads.ts";
import { type SmallWorld, startSmallWorld } from "../simulation/small-world.ts";
import { daemonUser } from "../world/manifests.ts";
import { type Figure, figure } from "./figures.ts";

const bench = "cycle";
/** By verb and resource, besides evictions. docs/design/cycle.md names what they are spent on. */
const requestsMost: Readonly<Record<string, number>> = {
  "get nodes": 5,
  "patch nodes": 6,
  "patch nodes (dry run)": 1,
  "patch nodes/status": 3,
  "watch nodes": 1,
  "list nodes": 2,
  "get leases": 3,
  "patch leases": 2,
  "watch leases": 1,
  "list pods": 3,
  "watch pods": 1,
  "list poddisruptionbudgets": 2,
  "get daemonsets": 2,
  "create events": 5,
};

/** A real node has pods of DaemonSets, and others in several namespaces; their budgets let one go at a time. */
const workloads: Workload[] = [
  { name: "kube-proxy", namespace: "kube-system", spec: { priorityClassName: "system-node-critical" } },
  { name: "rebootd", namespace: "kube-system" },
  { name: "web", replicas: 9, budget: { maxUnavailable: 4 } },
  { name: "cart", namespace: "shop", replicas: 3, budget: { maxUnavailable: 2 } },
];
/** After so many seconds others write the Node: a kubelet that lists its images, an agent that writes its annotation. */
const writtenAfterSeconds = [1.5, 3, 4.5, 17, 19, 22, 26, 29];

export interface CycleCost {
  /** By verb and resource, such as "get nodes", the most frequent first. */
  requests: ReadonlyMap<string, number>;
  evictions: number;
}

/** From the need to the record that the cycle is over, of the first of three nodes. */
export async function costOfCycle(
  seed?: number,
  onStart: (world: SmallWorld) => void = () => {},
): Promise<CycleCost> {
  const world = await startSmallWorld({
    nodes: 3,
    workloads,
    kubelet: { podStopMs: 5000 },
    ...(seed !== undefined && { seed }),
  });
  try {
    const { ledger } = world.server;
    onStart(world);
    for (const seconds of writtenAfterSeconds) void writeNodeAfter(world, seconds * 1000);
    ledger.clear();
    world.node("n1").wantsReboot();
    await world.time.until("it has rebooted", () => world.machine("n1").boots.length > 1, 60_000);
    await world.until("its cycle is over", async () => (await world.look()).phases["n1"] === "Idle", 120_000);
    await world.pass(5000);
    // The daemons of the other two nodes have nothing to ask meanwhile.
    return costOf(ledger.entries({ user: daemonUser.name }));
  } finally {
    await world.stop();
  }
}

async function writeNodeAfter({ api, signal, time }: SmallWorld, ms: number): Promise<void> {
  await time.clock.sleep(ms, signal).catch(() => {});
  if (signal.aborted) return;
  const annotations = { "example.com/written": String(ms) };
  await api.patch("/api/v1/nodes/n1", { metadata: { annotations } }, { signal });
}

function costOf(entries: readonly LedgerEntry[]): CycleCost {
  const isEviction = ({ subresource }: LedgerEntry) => subresource === "eviction";
  const others = entries.filter((one) => !isEviction(one));
  const counts = [...Map.groupBy(others, nameOf)]
    .map(([name, { length }]) => [name, length] as const)
    .sort(([a, times], [b, more]) => more - times || a.localeCompare(b));
  return { requests: new Map(counts), evictions: entries.length - others.length };
}

function nameOf({ verb, resource, subresource, isDryRun }: LedgerEntry): string {
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  return `${verb} ${what}${isDryRun ? " (dry run)" : ""}`;
}

function sum(counts: Iterable<number>): number {
  return [...counts].reduce((a, b) => a + b, 0);
}

/** Each kind of request beside its budget, and all together. */
export function figuresOf({ requests, evictions }: CycleCost): Figure[] {
  const kinds = [...new Set([...Object.keys(requestsMost), ...requests.keys()])];
  return [
    ...kinds.map((kind) => figure(bench, kind, requests.get(kind) ?? 0, "requests", requestsMost[kind] ?? 0)),
    figure(bench, "all but evictions", sum(requests.values()), "requests", sum(Object.values(requestsMost))),
    figure(bench, "evictions of 4 pods", evictions, "requests", 4),
  ];
}

export async function benchCycle(): Promise<Figure[]> {
  return figuresOf(await costOfCycle());
}
