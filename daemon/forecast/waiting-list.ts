/**
 * The nodes that wait for a slot, in groups: of each group the lock refuses all or none, and its nodes go by their wait.
 * So a free slot costs a look at a few nodes, however many wait.
 */

import { parsePriority } from "../annotations/priority.ts";
import { parseRequest } from "../annotations/reboot-request.ts";
import { refusalOf } from "../lock/facts.ts";
import { groupsOf, isOfControlPlane } from "../lock/limits.ts";
import { rankOf, turnDelayMs } from "../lock/rank.ts";
import type { Cluster } from "./cluster.ts";
import type { VirtualNode } from "./node.ts";
import { pass, questionOf, type Waited, waitingOf } from "./pass.ts";

/** All draws are alike: who has waited longer goes first. */
const middleDraw = () => 0.5;

export interface WaitingList {
  add(node: VirtualNode): void;
  has(node: VirtualNode): boolean;
  /** Lets nodes enter that have a free slot at this moment. Answers with them, in order, and so does a node that could not. */
  enter(now: number): readonly VirtualNode[];
}

interface Group {
  /** By the time since when each waits. */
  nodes: { node: VirtualNode; since: number }[];
  /** Before that the window is closed for all of them. */
  closedUntil: number;
}

interface Candidate {
  group: Group;
  index: number;
  delayMs: number;
}

/**
 * `onLater` is called with each node that waits for something beside a slot; `node.wakeAt` says until when.
 * `onRefused` is called with the time at which a refusal of the lock ends by itself.
 */
export function createWaitingList(
  cluster: Cluster,
  onLater: (node: VirtualNode) => void,
  onRefused: (until: number) => void,
): WaitingList {
  const groups = new Map<string, Group>();
  const inside = new Set<VirtualNode>();

  function candidateIn(group: Group, now: number): Candidate | undefined {
    if (now < group.closedUntil) return undefined;
    for (let index = 0; index < group.nodes.length; index += 1) {
      const node = group.nodes[index]?.node;
      if (node === undefined || node.wakeAt > now) continue;
      const refusal = refusalOf(questionOf(cluster, node), now);
      if (refusal?.until !== undefined) onRefused(refusal.until);
      if (refusal !== undefined) return undefined;
      const waited = pass(cluster, node, now, false);
      if (!isItsTurnSoon(waited)) {
        // A window was open before for all alike; anything else keeps this node alone from the queue.
        if (waited.reasons?.some(({ gate }) => gate !== "window")) node.queuesSince = node.wakeAt;
        onLater(node);
        if (isForAll(waited)) {
          group.closedUntil = node.wakeAt;
          return undefined;
        }
        continue;
      }
      const rank = rankOf(waitingOf(node), cluster.lastEntrantNeededSince(), cluster.size, now);
      return { group, index, delayMs: turnDelayMs(rank, middleDraw) };
    }
    return undefined;
  }

  function first(now: number): Candidate | undefined {
    let best: Candidate | undefined;
    for (const group of groups.values()) {
      const candidate = candidateIn(group, now);
      if (candidate !== undefined && (best === undefined || candidate.delayMs < best.delayMs))
        best = candidate;
    }
    return best;
  }

  return {
    has: (node) => inside.has(node),
    add(node) {
      inside.add(node);
      const key = groupKey(cluster, node);
      const group = groups.get(key) ?? { nodes: [], closedUntil: Number.NEGATIVE_INFINITY };
      groups.set(key, group);
      const since = waitsSince(node);
      group.nodes.splice(placeOf(group.nodes, since), 0, { node, since });
    },
    enter(now) {
      const entered: VirtualNode[] = [];
      for (let next = first(now); next !== undefined; next = first(now)) {
        const { group, index, delayMs } = next;
        const [taken] = group.nodes.splice(index, 1);
        if (taken === undefined) break;
        inside.delete(taken.node);
        pass(cluster, taken.node, now + delayMs, true);
        entered.push(taken.node);
      }
      return entered;
    },
  };
}

/** A slot is free, and nothing else is in its way. */
function isItsTurnSoon({ action, reasons }: Waited): boolean {
  return action.slot === true && reasons === undefined;
}

/** The window is closed for each node alike, but for those whose cycle is too long for the rest of it. */
function isForAll({ reasons = [] }: Waited): boolean {
  return reasons.length > 0 && reasons.every(({ gate, code }) => gate === "window" && code !== "too-short");
}

/** The lock gives the same answer to all of a group; an entry of its own name makes a node a group. */
function groupKey(cluster: Cluster, { name, facts, record, daemon }: VirtualNode): string {
  const { zone, pool } = groupsOf(facts.labels, daemon.limits);
  const priority = parsePriority(facts.priority) ?? "normal";
  const own = cluster.isNamed(name) ? name : "";
  const isMember = isOfControlPlane(facts.labels);
  // A member of the control plane does not count itself, nor does a node that is not available.
  const single = isMember || facts.unschedulable || !facts.ready ? name : own;
  const urgent = parseRequest(facts.requested)?.urgent === true;
  return JSON.stringify([urgent, daemon.name, zone, pool, priority, record.leftAt === undefined, single]);
}

function waitsSince({ record }: VirtualNode): number {
  return Math.max(
    Date.parse(record.need?.since ?? record.since),
    Date.parse(record.leftAt ?? "1970-01-01T00:00:00Z"),
  );
}

/** Behind all that have waited as long. */
function placeOf(nodes: Group["nodes"], since: number): number {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((nodes[middle]?.since ?? 0) <= since) low = middle + 1;
    else high = middle;
  }
  return low;
}
