import { unlessNotFound } from "../cluster/api.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { CycleRecord } from "../cycle/record.ts";
import { nodeHolders } from "../lock/lock.ts";
import { wrapCells } from "../text/cells.ts";
import { oneLine } from "../text/one-line.ts";
import type { Access } from "./access.ts";
import { explainNode, type NodeFindings, recordNow } from "./explain-node.ts";
import { stepsOf } from "./explain-steps.ts";
import { readHealth } from "./health.ts";
import type { NextStep } from "./next-steps.ts";
import { eventLines, type NodeEvent, readNodeEvents } from "./node-events.ts";
import { paint, type Terminal, type Text } from "./terminal.ts";

/** The output of `rebootd explain -o json`, for each node. */
export interface Explanation {
  node: string;
  /** Lines; one that explains the one before begins with two blanks. */
  explanation: readonly string[];
  record: CycleRecord | undefined;
  /** The last events of the Node, oldest first; undefined if they may not be listed. */
  events: readonly NodeEvent[] | undefined;
  next: readonly NextStep[];
}

/** Reads what is known of these nodes, in their order; those that do not exist are left out. */
export async function readFindings(
  { api, lockObject, place, hooks }: Access,
  names: readonly string[],
  signal: AbortSignal,
): Promise<NodeFindings[]> {
  const [nodes, events, lockState] = await Promise.all([
    Promise.all(names.map((name) => unlessNotFound(() => api.get<WholeNode>(paths.node(name), { signal })))),
    Promise.all(names.map((name) => readNodeEvents(api, name, signal))),
    lockObject.read(signal),
  ]);
  const holders = nodeHolders(lockState.lock).map(({ nodeID }) => nodeID);
  const health = await readHealth(api, [...new Set([...holders, ...names])], signal);
  return nodes.flatMap((node, index) => {
    if (node === undefined) return [];
    return [{ node, lockState, place, hooks, health, events: events[index] }];
  });
}

/** Pure. */
export function explanation(findings: NodeFindings, now: number): Explanation {
  const { node, lockState, events } = findings;
  return {
    node: node.metadata?.name ?? "",
    explanation: explanationOf(findings, now).map(spaced),
    record: recordNow(node, lockState, now).record,
    events,
    next: stepsOf(findings, now),
  };
}

function spaced(line: string): string {
  return `${line.startsWith("  ") ? "  " : ""}${oneLine(line.trim())}`;
}

/** The first word of a line that a person has to see first. */
const isTrouble = /^(?:holder |.*(?:NotReady|: daemon|no rebootd pod)|its daemon has written nothing)/;

/** Pure: the lines for a terminal. Commands stay whole, so that they can be copied. */
export function explanationText(lines: readonly string[], { columns }: Pick<Terminal, "columns">): Text {
  const steps = lines.lastIndexOf("next:");
  return lines.map((line, index) => {
    const isCommand = steps !== -1 && index > steps;
    const indent = line.startsWith("  ") ? "  " : "";
    const text = oneLine(line.trim());
    const width = columns === undefined || isCommand ? undefined : Math.max(20, columns - indent.length);
    const wrapped = width === undefined ? [text] : wrapCells(text, width);
    const shown = wrapped
      .map((one, at) => `${indent}${at > 0 ? "  ".slice(indent.length) : ""}${one}\n`)
      .join("");
    if (isCommand) return paint("busy", shown);
    return index === 0 && isTrouble.test(text) ? paint("trouble", shown) : shown;
  });
}

/** Pure: {@link explainNode}, then the last events of the node, and the commands for the next step. */
export function explanationOf(findings: NodeFindings, now: number): string[] {
  const steps = stepsOf(findings, now);
  return [
    ...explainNode(findings, now),
    ...eventLines(findings.events, now),
    ...(steps.length > 0 ? ["next:"] : []),
    ...steps.map(({ command, purpose }) => `  ${command} # ${purpose}`),
  ];
}
