import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import type { WholeNode, WholePod } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import { type SmallWorld, type SmallWorldOptions, startSmallWorld } from "./small-world.ts";

/** The words in which stories are told, one at a time; most are about one node, n1. */

export const minute = 60_000;
export const pods = "/api/v1/namespaces/default/pods";
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

export let world: SmallWorld;

export async function start(options: RawOptions = {}, more: Partial<SmallWorldOptions> = {}): Promise<void> {
  world = await startSmallWorld({ nodes: 1, options, ...more });
}

export interface PodFacts {
  on?: string;
  app?: string;
  finalizers?: string[];
  ownerReferences?: object[];
  spec?: object;
}

export async function addPod(
  name: string,
  { on = "n1", app = name, finalizers, ownerReferences, spec }: PodFacts = {},
): Promise<void> {
  const labels = { app };
  const metadata = {
    name,
    labels,
    ...(finalizers && { finalizers }),
    ...(ownerReferences && { ownerReferences }),
  };
  const body = { metadata, spec: { nodeName: on, containers: [{ name: "main", image: "app:1" }], ...spec } };
  await world.admin.create(pods, body, { signal: world.signal });
}

export async function addBudget(
  app: string,
  name = app,
  spec: object = { maxUnavailable: 0 },
): Promise<void> {
  const body = { metadata: { name }, spec: { ...spec, selector: { matchLabels: { app } } } };
  await world.admin.create(budgets, body, { signal: world.signal });
}

export async function addDaemonSet(name: string, spec: object = {}): Promise<void> {
  const labels = { app: name };
  const containers = [{ name: "main", image: "agent:1" }];
  const template = { metadata: { labels }, spec: { containers, ...spec } };
  const body = { metadata: { name }, spec: { selector: { matchLabels: labels }, template } };
  await world.admin.create("/apis/apps/v1/namespaces/default/daemonsets", body, { signal: world.signal });
}

export const podsOn = async (node: string) => {
  const query = { fieldSelector: `spec.nodeName=${node}` };
  const { items } = await world.admin.list<WholePod>("/api/v1/pods", { signal: world.signal, query });
  return items.map(({ metadata }) => metadata?.name ?? "");
};

/** What the daemon asked to go: names of pods, in order. */
export const evictions = () =>
  world.server.ledger.entries({ subresource: "eviction" }).map(({ name, status }) => `${name} ${status}`);

export const phase = async () => (await world.look()).phases["n1"];
export const boots = () => world.machine("n1").boots.length;

export async function wantReboot(): Promise<void> {
  await world.time.pass(3000);
  world.machine("n1").wantReboot();
}

export async function until(what: string, isSo: () => Promise<boolean>, seconds = 1800): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 1) {
    if (await isSo()) return;
    await world.time.pass(1000);
  }
  assert.fail(`${what}: not within ${seconds} s\n${world.logs.slice(-20).join("\n")}`);
}

export const isRebooted = async () => boots() === 2 && (await phase()) === "Idle";
export const saysOf = (text: string) => world.logs.some((line) => line.includes(text));

export async function readNode(): Promise<WholeNode> {
  return await world.admin.get<WholeNode>("/api/v1/nodes/n1", { signal: world.signal });
}

/** What the Node carries. */
export const record = async () =>
  parseRecord((await readNode()).metadata?.annotations?.[contract.cycle.key]).record;

/** What holds it back, as its Node says. */
export const reasons = async () =>
  ((await record())?.reasons ?? []).map(({ gate, code, message }) => `${gate} (${code}): ${message}`);

export async function patchNode(patch: object): Promise<void> {
  await world.admin.patch("/api/v1/nodes/n1", patch, { signal: world.signal });
}

export async function setCordon(unschedulable: true | null): Promise<void> {
  await patchNode({ spec: { unschedulable } });
}

/** The object that carries the lock. */
export const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";

export async function annotateLease(key: string, value: string | null): Promise<void> {
  await world.admin.patch(lease, { metadata: { annotations: { [key]: value } } }, { signal: world.signal });
}

export const setLock = (value: string | null) => annotateLease("rebootd.dev/lock", value);

/** Does something in the moment in which a slot is taken; answers how often a daemon has written the lock since. */
export function asSlotIsTaken(act: () => void): () => number {
  let writes = 0;
  world.onDaemonRequest = (_, { method, path }) => {
    if (method === "PATCH" && path.includes("/leases/") && writes++ === 0) act();
  };
  return () => writes;
}
