import { startSmallWorld } from "../simulation/small-world.ts";
import { daemonUser } from "../world/manifests.ts";
import type { World } from "../world/world.ts";
import { deadlineMs, drainNode } from "./drained-node.ts";
import { type Figure, figure } from "./figures.ts";

const bench = "drain";
const graceSeconds = 5;
const tolerating = 20;
const pods = "/api/v1/namespaces/default/pods";
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

interface Drained {
  requests: number;
  /** After the cordon; seconds. */
  lastEviction: number;
  empty: number;
  memoryGrowthMb: number;
}

/** A node of so many pods, each of which takes its whole grace to end. */
async function drainPods(count: number): Promise<Drained> {
  const node = {
    server: { ledgerMax: 1_000_000 },
    podStopMs: graceSeconds * 1000,
    add: (world: World) => addPods(world, count),
  };
  return await drainNode(node, ({ ledger, residentBefore, residentMost }) => {
    const all = ledger.entries({ user: "rebootd:n1" });
    const evicted = all.filter(({ subresource }) => subresource === "eviction").map(({ start }) => start);
    const lastEvicted = Math.max(...evicted);
    // Patches of the Node: the cordon is the last one before the evictions, the end of the drain the first one after them.
    const patched = all
      .filter(({ verb, resource }) => verb === "patch" && resource === "nodes")
      .map(({ start }) => start);
    const first = patched.findLast((start) => start < Math.min(...evicted)) ?? Number.NaN;
    const last = patched.find((start) => start > lastEvicted) ?? Number.NaN;
    return {
      requests: all.filter(({ start }) => start >= first && start <= last).length,
      lastEviction: (lastEvicted - first) / 1000,
      empty: (last - first) / 1000,
      memoryGrowthMb: residentMost - residentBefore,
    };
  });
}

async function addPods(world: World, count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    const spec = {
      nodeName: "n1",
      terminationGracePeriodSeconds: graceSeconds,
      containers: [{ name: "main", image: "registry.test/app:1" }],
    };
    await world.api.create(pods, { metadata: { name: `p${number}` }, spec }, { signal: world.signal });
  }
  await world.until(
    "all pods run",
    async () => (await world.node("n1").pods()).every(({ status }) => status?.phase === "Running"),
    deadlineMs,
  );
}

interface Held {
  evictions: number;
  requests: number;
  /** From the opening of the budget to the eviction of both pods. */
  seconds: number;
}

/** What two pods cost that a budget holds for so long: evictions of each, and requests after the first second; in virtual time. */
async function heldFor(minutes: number): Promise<Held> {
  const world = await startSmallWorld({
    nodes: 1,
    options: { preflight: "off", "drain-timeout": "1h" },
  });
  for (const name of ["a", "b"]) {
    const spec = { nodeName: "n1", containers: [{ name: "main", image: "app:1" }] };
    await world.api.create(pods, { metadata: { name, labels: { app: "db" } }, spec }, world);
  }
  const body = {
    metadata: { name: "db" },
    spec: { minAvailable: 2, selector: { matchLabels: { app: "db" } } },
  };
  await world.api.create(budgets, body, world);
  await world.pass(5000);
  world.node("n1").wantsReboot();
  const asked = (name: string) => world.server.ledger.count({ subresource: "eviction", name });
  for (let passed = 0; passed < 30 && asked("a") === 0; passed += 1) await world.pass(100);
  await world.pass(1000);
  const before = world.server.ledger.count({ user: daemonUser.name });
  await world.pass(minutes * 60_000 - 1000);
  const evictions = Math.max(asked("a"), asked("b"));
  const requests = world.server.ledger.count({ user: daemonUser.name }) - before;
  if (evictions === 0) throw new Error("no pod was asked to go: the drain has not begun");
  await world.api.patch(`${budgets}/db`, { spec: { minAvailable: 0 } }, world);
  const opened = world.time.clock.elapsed();
  const gone = () => world.server.ledger.entries({ subresource: "eviction" }).filter(isAgreed).length;
  const isAgreed = ({ status }: { status: number }) => status === 201;
  while (gone() < 2 && world.time.clock.elapsed() - opened < deadlineMs) await world.pass(50);
  const seconds = (world.time.clock.elapsed() - opened) / 1000;
  await world.stop();
  return { evictions, requests, seconds };
}

/** How long a node has not cordoned itself whose start a budget holds back, after the budget has opened; in virtual time. */
async function secondsToStart(): Promise<number> {
  const world = await startSmallWorld({ nodes: 1 });
  const spec = { nodeName: "n1", containers: [{ name: "main", image: "app:1" }] };
  await world.api.create(pods, { metadata: { name: "a", labels: { app: "db" } }, spec }, world);
  const selector = { matchLabels: { app: "db" } };
  await world.api.create(budgets, { metadata: { name: "db" }, spec: { minAvailable: 1, selector } }, world);
  await world.pass(5000);
  world.node("n1").wantsReboot();
  await world.pass(9 * 60_000);
  const isCordoned = async () => (await world.look()).cordoned.length > 0;
  if (await isCordoned()) throw new Error("the budget does not hold the start back");
  await world.api.patch(`${budgets}/db`, { spec: { minAvailable: 0 } }, world);
  const opened = world.time.clock.elapsed();
  while (!(await isCordoned()) && world.time.clock.elapsed() - opened < 2 * deadlineMs) await world.pass(50);
  const seconds = (world.time.clock.elapsed() - opened) / 1000;
  await world.stop();
  return seconds;
}

/** How often each of 20 pods that tolerate the cordon, and those that come in its place, are evicted at most; and how long that takes. */
async function evictionsOfTolerating(): Promise<{ evictions: number; seconds: number }> {
  const world = await startSmallWorld({
    nodes: 1,
    kubelet: { podStopMs: graceSeconds * 1000 },
    workloads: Array.from({ length: tolerating }, (_, index) => ({
      name: `operator-${index + 1}`,
      replicas: 1,
      spec: { tolerations: [{ operator: "Exists" }] },
    })),
  });
  await world.pass(5000);
  world.node("n1").wantsReboot();
  const began = world.time.clock.elapsed();
  const isUp = () => world.machine("n1").isUp;
  while (isUp() && world.time.clock.elapsed() - began < deadlineMs) await world.pass(1000);
  const seconds = (world.time.clock.elapsed() - began) / 1000;
  // The name of a pod is that of its Deployment, of its ReplicaSet and its own.
  const evicted = world.server.ledger
    .entries({ subresource: "eviction" })
    .map(({ name }) => name.split("-").slice(0, 2).join("-"));
  const counts = [...Map.groupBy(evicted, (name) => name).values()].map(({ length }) => length);
  await world.stop();
  if (counts.length !== tolerating) throw new Error(`${counts.length} of ${tolerating} were evicted`);
  return { evictions: Math.max(...counts), seconds };
}

export async function benchDrain(): Promise<Figure[]> {
  const small = await drainPods(110);
  const large = await drainPods(1000);
  const blocked = await heldFor(1);
  const held = await heldFor(10);
  const started = await secondsToStart();
  const back = await evictionsOfTolerating();
  return [
    figure(bench, "110 pods: requests", small.requests, "requests", 130),
    figure(bench, "110 pods: last eviction sent after the cordon", small.lastEviction, "s", 1),
    figure(bench, "110 pods of 5 s grace: node empty after the cordon", small.empty, "s", 2 + graceSeconds),
    figure(bench, "1,000 pods: requests for each pod", large.requests / 1000, "requests", 1.2),
    figure(bench, "1,000 pods: last eviction sent after the cordon", large.lastEviction, "s", 9),
    figure(bench, "1,000 pods: growth of resident memory", large.memoryGrowthMb, "MB", 45),
    figure(bench, "2 pods held by a budget for 60 s: evictions of each", blocked.evictions, "evictions", 2),
    figure(
      bench,
      "2 pods held by a budget for 60 s: requests after the first second",
      blocked.requests,
      "requests",
      10,
    ),
    figure(bench, "2 pods held by a budget for 10 min: evictions of each", held.evictions, "evictions", 5),
    figure(bench, "2 pods held by a budget for 10 min: requests", held.requests, "requests", 50),
    figure(bench, "2 pods held by a budget for 10 min: budget opens to both evicted", held.seconds, "s", 2),
    figure(bench, "start held back by a budget for 9 min: budget opens to cordon", started, "s", 2),
    figure(bench, "20 pods that tolerate the cordon: evictions of each", back.evictions, "evictions", 2),
    figure(
      bench,
      "20 pods that tolerate the cordon, of 5 s grace: need to machine down",
      back.seconds,
      "s",
      graceSeconds + 5,
    ),
  ];
}
