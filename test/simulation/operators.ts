import { isApiError } from "../../daemon/cluster/api.ts";
import { isReady } from "../../daemon/cluster/nodes.ts";
import type { Node, Pod } from "../../daemon/cluster/objects.ts";
import type { SmallWorld } from "./small-world.ts";
import { minute, pods } from "./story.ts";

/** Small models of operators that keep a budget until they see a node being drained. Each looks around once a second. */

export interface Owner {
  apiVersion: string;
  kind: string;
  name: string;
}

const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
/** Of no object that a collector of garbage could look for. */
const uid = "6a0a0d8a-5d2c-4b8e-9f58-0d5b6a1c7a12";
const cordon = "node.kubernetes.io/unschedulable";

interface OwnedPod {
  labels: Record<string, string>;
  owner: Owner;
  /** Absent where the scheduler chooses one. */
  on?: string;
  spec?: object;
}

export async function addOwned(
  world: SmallWorld,
  name: string,
  { labels, owner, on, spec }: OwnedPod,
): Promise<void> {
  const metadata = { name, labels, ownerReferences: [{ ...owner, uid, controller: true }] };
  const where = on === undefined ? {} : { nodeName: on };
  const body = { metadata, spec: { ...where, containers: [{ name: "main", image: "db:1" }], ...spec } };
  await world.api.create(pods, body, { signal: world.signal });
}

interface HeldBudget {
  selector: Record<string, string>;
  spec?: object;
  owner?: Owner;
  labels?: Record<string, string>;
}

/** One that lets none of its pods go. */
export async function addHeldBudget(world: SmallWorld, name: string, facts: HeldBudget): Promise<void> {
  const { selector, spec = { minAvailable: 1 }, owner, labels } = facts;
  const ownerReferences = owner && [{ ...owner, uid, controller: true }];
  const body = {
    metadata: { name, ...(labels && { labels }), ...(ownerReferences && { ownerReferences }) },
    spec: { ...spec, selector: { matchLabels: selector } },
  };
  await world.api.create(budgets, body, { signal: world.signal });
}

export async function dropBudget(world: SmallWorld, name: string): Promise<void> {
  await unlessGone(world.api.delete(`${budgets}/${name}`, {}, { signal: world.signal }));
}

export async function findPods(world: SmallWorld, labels: Record<string, string>): Promise<readonly Pod[]> {
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const query = { labelSelector };
  return (await world.api.list<Pod>(pods, { signal: world.signal, query })).items;
}

interface Database {
  /** Labels of all instances. */
  instances: Record<string, string>;
  /** The label that tells the primary, and what it says of it and of the others. */
  role: { key: string; primary: string; replica: string };
  /** Taints for which the primary leaves a node. */
  drainTaints?: readonly string[];
}

/**
 * Makes another instance the primary once the primary's node is being drained: one that is Ready, on a node that is not.
 * Answers where the primary has been, in order.
 */
export function runDatabase(
  world: SmallWorld,
  { instances, role, drainTaints = [] }: Database,
): readonly string[] {
  const taints = [cordon, ...drainTaints];
  const path: string[] = [];
  const label = (pod: Pod, value: string) =>
    world.api.patch(
      `${pods}/${pod.metadata?.name}`,
      { metadata: { labels: { [role.key]: value } } },
      { signal: world.signal },
    );
  everySecond(world, async () => {
    const all = await findPods(world, instances);
    const primary = all.find(({ metadata }) => metadata?.labels?.[role.key] === role.primary);
    const where = primary?.spec?.nodeName;
    if (where !== undefined && path.at(-1) !== where) path.push(where);
    const isDrained = async (name: string | undefined) => {
      if (name === undefined) return true;
      const { spec } = await world.api.get<Node>(`/api/v1/nodes/${name}`, { signal: world.signal });
      return (spec?.taints ?? []).some(({ key }) => taints.includes(key));
    };
    if (primary === undefined || !(await isDrained(where))) return;
    for (const other of all) {
      if (other === primary || !isReady(other) || (await isDrained(other.spec?.nodeName))) continue;
      await label(primary, role.replica);
      await label(other, role.primary);
      return;
    }
  });
  return path;
}

/** Longhorn lets its instance manager go once the node is cordoned and no pod there uses a volume. */
export function runLonghorn(world: SmallWorld, budget: string, volumeUsers: Record<string, string>): void {
  everySecond(world, async () => {
    const { spec } = await world.api.get<Node>("/api/v1/nodes/n1", { signal: world.signal });
    const users = (await findPods(world, volumeUsers)).filter((pod) => pod.spec?.nodeName === "n1");
    if (spec?.unschedulable && users.length === 0) await dropBudget(world, budget);
  });
}

interface Webhook {
  name: string;
  code: number;
  reason: string;
  /** Of the pods that it looks at. */
  prefix: string;
  says: string;
  /** From the first eviction on, until it has the pod go. */
  takesMs: number;
  /** Done in the end; without it the eviction is let through. */
  move?: () => Promise<void>;
}

/** Refuses evictions until what the first one has begun is done. */
export function runWebhook(
  world: SmallWorld,
  { name, code, reason, prefix, says, takesMs, move }: Webhook,
): void {
  let doneAt: number | undefined;
  let isDone = false;
  const message = `admission webhook "${name}" denied the request: ${says}`;
  world.server.faults.add({
    match: {
      subresource: "eviction",
      where: (facts) => {
        if (!facts.name.startsWith(prefix) || isDone) return false;
        doneAt ??= world.time.clock.elapsed() + takesMs;
        return true;
      },
    },
    effect: { refusal: { code, reason, message } },
  });
  everySecond(world, async () => {
    if (isDone || doneAt === undefined || world.time.clock.elapsed() < doneAt) return;
    isDone = true;
    await move?.();
  });
}

/** The pod ends here, and another one comes there. */
export async function movePod(world: SmallWorld, name: string, to: OwnedPod, as: string): Promise<void> {
  await addOwned(world, as, to);
  await world.time.clock.sleep(5000, world.signal);
  await unlessGone(world.api.delete(`${pods}/${name}`, {}, { signal: world.signal }));
}

/** The default of --drain-timeout. */
export const drainMs = 15 * minute;

function everySecond(world: SmallWorld, look: () => Promise<void>): void {
  const { signal } = world;
  const { clock } = world.time;
  const run = async () => {
    for (;;) {
      await clock.sleep(1000, signal);
      await look();
    }
  };
  run().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

async function unlessGone(deed: Promise<unknown>): Promise<void> {
  try {
    await deed;
  } catch (error) {
    if (!isApiError(error, "not-found")) throw error;
  }
}
