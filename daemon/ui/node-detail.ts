import type { Access } from "../cli/access.ts";
import { noSuchNode } from "../cli/admin.ts";
import { explanationOf, readFindings } from "../cli/explanation.ts";
import type { NodeEvent as FoundEvent } from "../cli/node-events.ts";
import { nodeName } from "../cli/node-name.ts";
import { recordOf } from "../cli/record-of.ts";
import { iso } from "../time/iso.ts";
import type { NodeDetail, NodeEvent } from "./wire.ts";

/**
 * Reads what is known of one node, now. A text that is no name is a ConfigError; a Node that does not exist is a
 * CommandRefused.
 */
export async function readNodeDetail(
  access: Access,
  given: string,
  signal: AbortSignal,
): Promise<NodeDetail> {
  const name = nodeName(given);
  const [findings] = await readFindings(access, [name], signal);
  if (findings === undefined) throw noSuchNode(name);
  const { record } = recordOf(findings.node.metadata ?? {});
  const now = access.clock.wall();
  const { events } = findings;
  return {
    name,
    // Events that are shown by themselves are no lines of the explanation too.
    lines: explanationOf(events === undefined ? findings : { ...findings, events: [] }, now),
    history: (record?.history?.last ?? []).map(known),
    events: [...(events ?? [])].reverse().map((event) => onThePage(event, now)),
  };
}

function onThePage({ at, isWarning, reason, message, count }: FoundEvent, now: number): NodeEvent {
  return { at: at ?? iso(now), type: isWarning ? "Warning" : "Normal", reason, message, count };
}

/** Without fields that are undefined. */
function known<T extends object>(cycle: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return JSON.parse(JSON.stringify(cycle));
}
