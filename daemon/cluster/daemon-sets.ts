import { contract } from "../annotations/names.ts";
import type { Clock } from "../time/clock.ts";
import { type Api, unlessNotFound } from "./api.ts";
import { matchesNode } from "./node-affinity.ts";
import type { DaemonSet, Metadata, PartialObjectMetadata } from "./objects.ts";
import { paths, splitKey } from "./paths.ts";

/** The label of rebootd's own DaemonSet and pods in the manifests. */
export const daemonSelector = `${contract.app.key}=rebootd`;

/** `key` is "namespace/name". */
export async function daemonSetExists(api: Api, key: string, signal: AbortSignal): Promise<boolean> {
  const options = { signal, metadataOnly: "object" } as const;
  return (await unlessNotFound(() => api.get<PartialObjectMetadata>(pathOf(key), options))) !== undefined;
}

/** Whether a DaemonSet exists; `key` is "namespace/name". */
export type DaemonSetLook = (key: string, signal: AbortSignal) => Promise<boolean>;

/** A DaemonSet that was there is not looked up again within this time: from the preflight to the drain. */
const thereMs = 60_000;
/** A node has pods of some dozens. */
const knownMax = 500;

/** Looks DaemonSets up for several callers, and remembers those that were there a moment ago. */
export function createDaemonSetLook(api: Api, clock: Clock): DaemonSetLook {
  const seenAt = new Map<string, number>();
  return async (key, signal) => {
    const now = clock.elapsed();
    if (now - (seenAt.get(key) ?? Number.NEGATIVE_INFINITY) < thereMs) return true;
    seenAt.delete(key);
    const isThere = await daemonSetExists(api, key, signal);
    if (seenAt.size >= knownMax) seenAt.clear();
    if (isThere) seenAt.set(key, now);
    return isThere;
  };
}

/**
 * Whether a DaemonSet should have a pod on this node: it exists, and the node meets the requirements of its
 * template. Taints do not count: those of a starting node disappear by themselves. `key` is "namespace/name".
 */
export async function wantsPodOn(
  api: Api,
  key: string,
  node: Pick<Metadata, "name" | "labels">,
  signal: AbortSignal,
): Promise<boolean> {
  const set = await unlessNotFound(() => api.get<DaemonSet>(pathOf(key), { signal }));
  if (set === undefined || set.metadata?.deletionTimestamp !== undefined) return false;
  return matchesNode(set.spec?.template.spec, node);
}

function pathOf(key: string): string {
  return paths.daemonSet(...splitKey(key));
}
