import { contract, prefix } from "../annotations/names.ts";
import { isReady, listNodeMetadata } from "../cluster/nodes.ts";
import type { Metadata } from "../cluster/objects.ts";
import { kept } from "../cluster/parts.ts";
import { nodeHolders } from "../lock/lock.ts";
import type { LockObjectState, LockPlace } from "../lock/lock-object.ts";
import type { Access } from "./access.ts";
import { type Daemon, type Health, listDaemons, readNodes } from "./health.ts";

/** All nodes, the lock and the daemons, as the API server shows them at one moment. */
export interface Fleet {
  /** Milliseconds since the epoch. */
  at: number;
  place: LockPlace;
  lockState: LockObjectState;
  /** The metadata of all Nodes, or of those that are selected, by {@link keptMetadata}. */
  nodes: readonly Metadata[];
  /**
   * The pods of all daemons. `readFleet` looks only at the Nodes that may have troubles; `watchFleet` at all.
   */
  health: Health;
  /** Selects the Nodes by their labels, as kubectl's `-l` does; undefined for all. */
  labelSelector: string | undefined;
}

/** The parts of the metadata that are kept of each Node: names, labels, and the annotations of rebootd. */
const partsOfMetadata = { name: true, uid: true, labels: true } as const;
const ownKeys = new Set(Object.values(contract).map(({ key }) => key as string));

/**
 * The metadata of a Node without the fields and annotations of others, which may be a hundred times as long.
 * Annotations are whole: half a record cannot be read.
 */
export function keptMetadata(metadata: Metadata = {}, hooks: readonly string[] = []): Metadata {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => key.startsWith(prefix) || ownKeys.has(key) || hooks.includes(key),
  );
  return { ...kept(metadata, partsOfMetadata), annotations: Object.fromEntries(annotations) };
}

/**
 * Reads everything once. Full Nodes are read only where something may be wrong: holders, and nodes whose
 * daemon is not Ready. The control plane marks the pods of a node that is not Ready as not Ready too:
 * https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
 * Rejects with the ApiError of the first request that fails.
 */
export async function readFleet(
  { api, place, lockObject, hooks, clock }: Access,
  signal: AbortSignal,
  labelSelector?: string,
): Promise<Fleet> {
  const [lockState, nodes, daemons] = await Promise.all([
    lockObject.read(signal),
    listNodeMetadata(api, { signal, query: { labelSelector } }, (metadata) => keptMetadata(metadata, hooks)),
    listDaemons(api, signal),
  ]);
  const holders = nodeHolders(lockState.lock).map(({ nodeID }) => nodeID);
  const looked = await readNodes(api, [...new Set([...holders, ...unwell(nodes, daemons)])], signal);
  const health = { nodes: new Map(looked.map((node) => [node.metadata?.name ?? "", node])), daemons };
  return { at: clock.wall(), place, lockState, nodes, health, labelSelector };
}

/** The nodes that have daemons, but none that is Ready. */
function unwell(nodes: readonly Metadata[], daemons: readonly Daemon[]): string[] {
  const names = new Set(nodes.map(({ name }) => name));
  const ready = new Set(daemons.filter(isReady).map(({ spec }) => spec?.nodeName));
  const all = new Set(daemons.map(({ spec }) => spec?.nodeName ?? ""));
  return [...all].filter((name) => names.has(name) && !ready.has(name));
}
