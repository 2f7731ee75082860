/** The loop over the events of a cluster in virtual time: a window opens, a part of a cycle ends, a slot is free. */
import { isAtRest } from "../cycle/record.ts";
import type { Cluster } from "./cluster.ts";
import type { VirtualNode } from "./node.ts";
import { pass, type Waited } from "./pass.ts";
import { createQueue } from "./queue.ts";
import { createWaitingList } from "./waiting-list.ts";

export interface Timeline {
  /** The first answer of each node, and its last one. */
  first: ReadonlyMap<VirtualNode, Waited>;
  last: ReadonlyMap<VirtualNode, Waited>;
  /** When the forecast ends; before its time only if there was too much to foresee. */
  until: number;
}

/** More than 5,000 nodes and a year of daily windows need. */
const eventsMax = 300_000;
/** A node that could not enter, though nothing was in its way, does not try at once. */
const tryAgainMs = 60_000;

export function runTimeline(
  cluster: Cluster,
  nodes: readonly VirtualNode[],
  { from, until }: { from: number; until: number },
): Timeline {
  const queue = createQueue<VirtualNode | undefined>();
  const waiting = createWaitingList(cluster, wakeLater, lookAgainAt);
  let lastLookAgainAt = Number.NEGATIVE_INFINITY;
  const first = new Map<VirtualNode, Waited>();

  function look(node: VirtualNode, now: number): Waited {
    const waited = pass(cluster, node, now, false);
    place(node, waited, now);
    return waited;
  }

  /** Among those that wait for a slot, or alone with its own times. */
  function place(node: VirtualNode, { action }: Waited, now: number): void {
    if (isAtRest(node.record) && node.record.need !== undefined && !cluster.isNamed(node.name)) {
      const isQueued = action.slot === true;
      node.queuesSince ??= isQueued ? now : node.wakeAt;
      waiting.add(node);
    }
    if (node.wakeAt > now) wakeLater(node);
  }

  function wakeLater(node: VirtualNode): void {
    if (Number.isFinite(node.wakeAt)) queue.push(node.wakeAt, node);
  }

  /** The nodes that wait have one answer at a time. */
  function lookAgainAt(at: number): void {
    if (at > lastLookAgainAt) queue.push(at, undefined);
    lastLookAgainAt = Math.max(lastLookAgainAt, at);
  }

  for (const node of nodes) {
    cluster.changed(node);
    first.set(node, look(node, from));
  }
  letIn(from);

  function letIn(now: number): void {
    for (const node of waiting.enter(now)) {
      if (isAtRest(node.record)) {
        node.wakeAt = Math.max(node.wakeAt, now + tryAgainMs);
        waiting.add(node);
      }
      wakeLater(node);
    }
  }

  let end = until;
  for (let events = 0; (queue.nextAt() ?? until) < until; events += 1) {
    const now = queue.nextAt() as number;
    if (events > eventsMax) {
      end = now;
      break;
    }
    for (let due = queue.nextAt(); due !== undefined && due <= now; due = queue.nextAt()) {
      const node = queue.pop();
      // A node that waits is looked at when there is a slot for it; others may have been looked at since.
      if (node !== undefined && !waiting.has(node) && node.wakeAt <= now) look(node, now);
    }
    letIn(now);
  }
  const last = new Map(nodes.map((node) => [node, pass(cluster, node, end, false)] as const));
  return { first, last, until: end };
}
