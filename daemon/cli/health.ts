import * as z from "zod/mini";
import type { Api } from "../cluster/api.ts";
import { daemonSelector } from "../cluster/daemon-sets.ts";
import { isReady, listNodes } from "../cluster/nodes.ts";
import type { Node, WholePod } from "../cluster/objects.ts";
import { listAll } from "../cluster/pages.ts";
import { type Kept, kept } from "../cluster/parts.ts";
import { paths } from "../cluster/paths.ts";
import { objectName } from "../config/values.ts";
import { count } from "../text/count.ts";
import { age } from "./table.ts";

/**
 * The state of nodes and of their daemons as the API server shows it, whatever the nodes report themselves.
 */
export interface Health {
  /** The nodes that were looked at, by name. */
  nodes: ReadonlyMap<string, Node>;
  /** All pods of rebootd; none if it runs in another way. */
  daemons: readonly Daemon[];
}

const partsOfDaemon = {
  metadata: { name: true, namespace: true, uid: true, creationTimestamp: true },
  spec: { nodeName: true, containers: { image: true } },
  status: {
    phase: true,
    startTime: true,
    conditions: { type: true, status: true, lastTransitionTime: true },
    containerStatuses: { image: true, restartCount: true, state: true, lastState: true },
  },
} as const;

/** A pod of rebootd, without the parts that no command needs: a cluster may have 5,000 of them. */
export type Daemon = Kept<WholePod, typeof partsOfDaemon>;

export function keptOfDaemon(pod: WholePod): Daemon {
  return kept(pod, partsOfDaemon);
}

export const unknownHealth: Health = { nodes: new Map(), daemons: [] };

/** Up to so many Nodes are read one by one; for more of them all Nodes are listed. */
const singlyMax = 20;

/**
 * The health of these nodes. `daemons` has the pods on them, and at least one other pod if there is any: on a
 * cluster without such pods a missing one is no trouble.
 */
export async function readHealth(api: Api, names: readonly string[], signal: AbortSignal): Promise<Health> {
  const [nodes, daemons] = await Promise.all([
    readNodes(api, names, signal),
    names.length > singlyMax ? listDaemons(api, signal) : listDaemonsOn(api, names, signal),
  ]);
  return { nodes: new Map(nodes.map((node) => [node.metadata?.name ?? "", node])), daemons };
}

async function listDaemonsOn(api: Api, names: readonly string[], signal: AbortSignal): Promise<Daemon[]> {
  const query = { labelSelector: daemonSelector };
  const possible = names.filter(isName);
  const [any, ...own] = await Promise.all([
    api.list<WholePod>(paths.pods, { signal, query: { ...query, limit: 1 } }),
    ...possible.map((name) => {
      const here = { ...query, fieldSelector: `spec.nodeName=${name}` };
      return api.list<WholePod>(paths.pods, { signal, query: here });
    }),
  ]);
  const pods = own.flatMap(({ items }) => items);
  const others = any.items.filter(({ spec }) => !possible.includes(spec?.nodeName ?? ""));
  return [...pods, ...others].map(keptOfDaemon);
}

/** The pods of rebootd in all namespaces. */
export function listDaemons(api: Api, signal: AbortSignal): Promise<readonly Daemon[]> {
  const query = { labelSelector: daemonSelector };
  return listAll<WholePod, Daemon>(api, paths.pods, { signal, query }, keptOfDaemon);
}

/** The Nodes of these names; those that do not exist are missing. */
export async function readNodes(
  api: Api,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly Node[]> {
  const possible = names.filter(isName);
  if (possible.length > singlyMax) return await listNodes(api, { signal });
  const pages = possible.map((name) =>
    listNodes(api, { signal, query: { fieldSelector: `metadata.name=${name}` } }),
  );
  return (await Promise.all(pages)).flat();
}

/**
 * Holders are names that somebody has written into the lock; another text would be a selector of its own.
 */
function isName(name: string): boolean {
  return z.safeParse(objectName, name).success;
}

/**
 * Pure: the troubles of a node and of its daemon, the worst first; none as far as they were not looked at.
 */
export function troublesOf(name: string, { nodes, daemons }: Health, now: number): string[] {
  const node = nodes.get(name);
  return [...(node === undefined ? [] : notReady(node, now)), ...daemonTroubles(name, daemons)];
}

function notReady(node: Node, now: number): string[] {
  if (isReady(node)) return [];
  const ready = (node.status?.conditions ?? []).find(({ type }) => type === "Ready");
  const since = age(ready?.lastTransitionTime, now);
  const silent = ready?.status === "Unknown" ? ", kubelet not responding" : "";
  return [`NotReady${since === undefined ? "" : ` for ${since}`}${silent}`];
}

/** A node without a daemon does nothing, and its record is old. */
function daemonTroubles(name: string, daemons: readonly Daemon[]): string[] {
  if (daemons.length === 0) return [];
  const own = byNode(daemons).get(name) ?? [];
  if (own.length === 0) return ["no rebootd pod on it"];
  return own.some(isReady) ? [] : own.map(podTrouble);
}

const grouped = new WeakMap<readonly Daemon[], ReadonlyMap<string, readonly Daemon[]>>();

/** The pods of each node. The list is never changed in place, so that the answer for it is kept. */
function byNode(daemons: readonly Daemon[]): ReadonlyMap<string, readonly Daemon[]> {
  const before = grouped.get(daemons);
  if (before !== undefined) return before;
  const groups = Map.groupBy(daemons, ({ spec }) => spec?.nodeName ?? "");
  grouped.set(daemons, groups);
  return groups;
}

/** "daemon CrashLoopBackOff (12 restarts, exit 2)". */
function podTrouble({ status }: Daemon): string {
  const [container] = status?.containerStatuses ?? [];
  const { waiting, terminated } = container?.state ?? {};
  const phase = status?.phase === "Running" ? "not Ready" : (status?.phase ?? "not Ready");
  const exit = (terminated ?? container?.lastState?.terminated)?.exitCode;
  const restarts = container?.restartCount ?? 0;
  const facts = [
    ...(restarts > 0 ? [count(restarts, "restart")] : []),
    ...(exit === undefined ? [] : [`exit ${exit}`]),
  ];
  const state = waiting?.reason ?? terminated?.reason ?? phase;
  return `daemon ${state}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`;
}
