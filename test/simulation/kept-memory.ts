/**
 * Prints how much memory a daemon keeps: bytes for each cycle that ends without a reboot, and for each simulated hour
 * of an idle week, as JSON. Run in a process of its own.
 */
import { json } from "node:stream/consumers";
import { getHeapSnapshot } from "node:v8";
import { type SmallWorld, slowCluster, startSmallWorld } from "./small-world.ts";

const minute = 60_000;
const hour = 60 * minute;
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const pods = "/api/v1/namespaces/default/pods";

interface HeapSnapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[]] } };
  nodes: number[];
  strings: string[];
}

/** What a program makes. V8's own lists and compiled code grow for a long time, and are not of the daemon. */
const madeByPrograms = ["object", "closure", "string", "concatenated string", "sliced string", "number"];

/** Bytes of what programs have made and can still reach. V8 collects all garbage before it takes a snapshot. */
async function reachableBytes(): Promise<number> {
  const { snapshot, nodes, strings } = (await json(getHeapSnapshot())) as HeapSnapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, name, size] = ["type", "name", "self_size"].map((field) => fields.indexOf(field));
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    const of = types[0][nodes[at + (type ?? 0)] ?? 0] ?? "";
    const isElements = of === "array" && strings[nodes[at + (name ?? 0)] ?? 0]?.startsWith("(object ");
    if (isElements || madeByPrograms.includes(of)) bytes += nodes[at + (size ?? 0)] ?? 0;
  }
  return bytes;
}

/** The same, without what the world remembers of what has happened in it. */
async function keptBytes(world: SmallWorld): Promise<number> {
  for (const { metadata } of world.server.storedAll("events")) {
    const path = `/api/v1/namespaces/${metadata.namespace}/events/${metadata.name}`;
    await world.api.delete(path, undefined, { signal: world.signal });
  }
  await world.pass(5 * minute);
  for (const remembered of [world.logs, world.events]) (remembered as unknown[]).length = 0;
  world.server.ledger.clear();
  world.server.compact();
  return await reachableBytes();
}

/** A budget holds the drain until the need is gone: the node is restored, and the daemon goes on. */
async function cycles(warmUp: number, count: number): Promise<number> {
  const world = await startSmallWorld({ nodes: 1, ...slowCluster, options: { preflight: "off" } });
  const { signal } = world;
  const labels = { app: "db" };
  const spec = { minAvailable: 1, selector: { matchLabels: labels } };
  await world.api.create(budgets, { metadata: { name: "db" }, spec }, { signal });
  const pod = { nodeName: "n1", containers: [{ name: "main", image: "app:1" }] };
  await world.api.create(pods, { metadata: { name: "db", labels }, spec: pod }, { signal });
  await world.pass(5000);
  const node = world.node("n1");
  const isIn = (phase: string) => async () => (await node.phase()) === phase;
  const run = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      node.wantsReboot();
      await world.until("the drain begins", isIn("Draining"));
      node.wantsNoReboot();
      await world.until("the node is restored", isIn("Idle"));
      await world.pass(hour);
    }
  };
  await run(warmUp);
  const before = await keptBytes(world);
  await run(count);
  const bytes = (await keptBytes(world)) - before;
  await world.stop();
  return bytes / count;
}

async function idleWeek(): Promise<number> {
  const world = await startSmallWorld({ nodes: 1, ...slowCluster });
  await world.pass(24 * hour);
  const before = await keptBytes(world);
  await world.pass(6 * 24 * hour);
  const bytes = (await keptBytes(world)) - before;
  await world.stop();
  return bytes / (6 * 24);
}

const bytesPerHour = await idleWeek();
const bytesPerCycle = await cycles(80, 240);
process.stdout.write(`${JSON.stringify({ bytesPerHour, bytesPerCycle })}\n`);
process.exit(0);
