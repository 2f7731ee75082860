import type { Access } from "../cli/access.ts";
import { noSuchNode } from "../cli/admin.ts";
import type { NodeFindings } from "../cli/explain-node.ts";
import { explanationOf, readFindings } from "../cli/explanation.ts";
import type { Fleet } from "../cli/fleet.ts";
import { readNodeEvents, type NodeEvent as SeenEvent } from "../cli/node-events.ts";
import { nodeName } from "../cli/node-name.ts";
import { recordOf } from "../cli/record-of.ts";
import { unlessNotFound } from "../cluster/api.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { NodeDetail, NodeEvent } from "./wire.ts";

/**
 * Reads what is known of one node, now; of the others what `fleet` has, where it is there. A text that is no name is a
 * ConfigError; a Node that does not exist is a CommandRefused.
 */
export async function readNodeDetail(
  access: Access,
  given: string,
  fleet: Fleet | undefined,
  signal: AbortSignal,
): Promise<NodeDetail> {
  const name = nodeName(given);
  const findings =
    fleet === undefined
      ? (await readFindings(access, [name], signal))[0]
      : await readWithin(access, name, fleet, signal);
  if (findings === undefined) throw noSuchNode(name);
  const { node, events } = findings;
  const { record } = recordOf(node.metadata ?? {});
  return {
    name,
    // The events are a list of their own.
    lines: explanationOf({ ...findings, events: events && [] }, access.clock.wall()),
    history: (record?.history?.last ?? []).map(known),
    events: (events ?? []).map(eventOf).reverse(),
  };
}

/** The same as {@link readFindings}, without a list of all daemons of a large cluster. */
async function readWithin(
  { api, lockObject, place, hooks }: Access,
  name: string,
  { health }: Fleet,
  signal: AbortSignal,
): Promise<NodeFindings | undefined> {
  const [node, events, lockState] = await Promise.all([
    unlessNotFound(() => api.get<WholeNode>(paths.node(name), { signal })),
    readNodeEvents(api, name, signal),
    lockObject.read(signal),
  ]);
  return node && { node, lockState, place, hooks, health, events };
}

function eventOf({ at = "", isWarning, reason, message, count }: SeenEvent): NodeEvent {
  return { at, type: isWarning ? "Warning" : "Normal", reason, message, count };
}

/** Without fields that are undefined. */
function known<T extends object>(cycle: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return JSON.parse(JSON.stringify(cycle));
}
