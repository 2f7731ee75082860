/** What a tenant may write into a namespace, and how much memory that takes of a daemon that has to read it. */
import type { World } from "../world/world.ts";
import { drainNode } from "./drained-node.ts";
import { type Figure, figure } from "./figures.ts";

const bench = "hostile";
/** In MB of 10^6: 160 MiB, of the 200 that the manifests allow. */
const residentMaxMb = 168;
const pods = "/api/v1/namespaces/default/pods";
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

interface Attack {
  what: string;
  add: (world: World) => Promise<void>;
}

const attacks: readonly Attack[] = [
  {
    what: "60 pods of 1.2 MB",
    add: (world) => addPods(world, 60, { env: [{ name: "X", value: "x".repeat(1.2e6) }] }),
  },
  { what: "60 pods with 1.2 MB of labels", add: (world) => addPods(world, 60, {}, labelsOf(1.2e6)) },
  { what: "400 budgets with 250 kB of annotations", add: (world) => addBudgets(world, 400, 250_000) },
  { what: "4,000 budgets", add: (world) => addBudgets(world, 4000, 100) },
];

/** Each alone: a node that needs a reboot, up to the request for it. */
export async function benchHostile(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { what, add } of attacks) {
    const node = { server: { historyMax: 200 }, podStopMs: 100, add };
    const most = await drainNode(node, ({ residentMost }) => residentMost);
    figures.push(figure(bench, `${what}: most resident memory`, most, "MB", residentMaxMb));
  }
  return figures;
}

async function addPods(world: World, count: number, container: object, labels: Record<string, string> = {}) {
  for (let number = 1; number <= count; number += 1) {
    const spec = {
      nodeName: "n1",
      containers: [{ name: "main", image: "registry.test/app:1", ...container }],
    };
    await world.api.create(
      pods,
      { metadata: { name: `p${number}`, labels }, spec },
      { signal: world.signal },
    );
  }
}

async function addBudgets(world: World, count: number, annotationChars: number): Promise<void> {
  await addPods(world, 1, {});
  const spec = { maxUnavailable: 1, selector: { matchLabels: { app: "other" } } };
  for (let number = 1; number <= count; number += 1) {
    const metadata = { name: `b${number}`, annotations: { "example.com/note": "x".repeat(annotationChars) } };
    await world.api.create(budgets, { metadata, spec }, { signal: world.signal });
  }
}

/** As many as make up so many characters, each as long as it may be. */
function labelsOf(chars: number): Record<string, string> {
  const value = "v".repeat(63);
  const count = Math.floor(chars / 80);
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`label-${index}`, value]));
}
