import type { Access } from "../cli/access.ts";
import { noSuchNode } from "../cli/admin.ts";
import { explainNode } from "../cli/explain.ts";
import { readHealth } from "../cli/health.ts";
import { nodeName } from "../cli/node-name.ts";
import { recordOf } from "../cli/record-of.ts";
import { unlessNotFound } from "../cluster/api.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import { nodeHolders } from "../lock/lock.ts";
import type { NodeDetail } from "./wire.ts";

/**
 * Reads what is known of one node, now. A text that is no name is a ConfigError; a Node that does not exist is a
 * CommandRefused.
 */
export async function readNodeDetail(
  { api, lockObject, place, hooks, clock }: Access,
  given: string,
  signal: AbortSignal,
): Promise<NodeDetail> {
  const name = nodeName(given);
  const [node, lockState] = await Promise.all([
    unlessNotFound(() => api.get<WholeNode>(paths.node(name), { signal })),
    lockObject.read(signal),
  ]);
  if (node === undefined) throw noSuchNode(name);
  const holders = nodeHolders(lockState.lock).map(({ nodeID }) => nodeID);
  const health = await readHealth(api, [...new Set([...holders, name])], signal);
  const { record } = recordOf(node.metadata ?? {});
  return {
    name,
    lines: explainNode({ node, lockState, place, hooks, health }, clock.wall()),
    history: (record?.history?.last ?? []).map(known),
    events: [],
  };
}

/** Without fields that are undefined. */
function known<T extends object>(cycle: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return JSON.parse(JSON.stringify(cycle));
}
