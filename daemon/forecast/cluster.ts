/** The lock in virtual time, and what nodes see of each other. */
import { type CycleRecord, isInCycle } from "../cycle/record.ts";
import { absentHolder } from "../lock/absent.ts";
import { type ClusterView, isOfControlPlane } from "../lock/limits.ts";
import { type Holder, holdersOf, nodeHolders } from "../lock/lock.ts";
import type { LockObjectState } from "../lock/lock-object.ts";
import { lastEntered } from "../lock/turn-state.ts";
import type { ForecastInput } from "./input.ts";
import type { VirtualNode } from "./node.ts";

export interface Cluster {
  lock(): LockObjectState;
  /** The change is that of the node of this name. */
  setLock(state: LockObjectState, name: string): void;
  /** Takes note that this node has entered last. */
  entered(node: VirtualNode): void;
  /** The entries of the lock with this name, but for manual ones. */
  entriesOf(name: string): readonly Holder[];
  /** Whether there is any. */
  isNamed(name: string): boolean;
  /** RFC 3339: since when the node that has entered last needed its reboot, as the others have seen it. */
  lastEntrantNeededSince(): string | undefined;
  viewFor(node: VirtualNode): ClusterView;
  /** Takes note that a record or a Node is another one. */
  changed(node: VirtualNode): void;
  size: number;
}

export function createCluster({ lock: first, nodes, podsDown = [] }: ForecastInput): Cluster {
  let state = first;
  // Entries of others go only by their own change: those that expire are as good as gone.
  const entries = new Map(Map.groupBy(nodeHolders(first.lock), ({ nodeID }) => nodeID));
  let lastNeededSince = lastEntered(holdersOf(first.lock))?.neededSince;
  // The others never move: those without a working daemon.
  const unavailable = new Set(
    nodes.filter(({ facts }) => !facts.ready || facts.unschedulable).map(({ name }) => name),
  );
  const members = nodes.filter(({ facts }) => isOfControlPlane(facts.labels)).map(({ name }) => name);
  const notReady = new Set(nodes.filter(({ facts }) => !facts.ready).map(({ name }) => name));
  const underWay = new Map<string, Holder>();
  for (const { name, facts, record } of nodes) {
    // Its group is not known, so it counts in all.
    if (record !== undefined && isUnderWay(record))
      underWay.set(name, absentHolder({ name, uid: facts.uid }, {}));
  }
  let parts: { absent: readonly Holder[]; unavailable: readonly string[] } | undefined;

  return {
    size: nodes.length,
    lock: () => state,
    setLock(next, name) {
      state = next;
      parts = undefined;
      const own = nodeHolders(next.lock).filter(({ nodeID }) => nodeID === name);
      if (own.length > 0) entries.set(name, own);
      else entries.delete(name);
    },
    entered({ record }) {
      lastNeededSince = record.need?.since ?? lastNeededSince;
    },
    entriesOf: (name) => entries.get(name) ?? [],
    isNamed: (name) => entries.has(name),
    lastEntrantNeededSince: () => lastNeededSince,
    viewFor({ facts, daemon }) {
      parts ??= {
        absent: [...underWay.values()].filter(({ nodeID }) => !entries.has(nodeID)),
        unavailable: [...unavailable],
      };
      const { absent } = parts;
      const controlPlane = { names: members, notReady: members.filter((name) => notReady.has(name)) };
      return {
        absent,
        ...(daemon.limits.maxUnavailable !== undefined && { unavailable: parts.unavailable }),
        ...(isOfControlPlane(facts.labels) && { controlPlane, podsDown }),
      };
    },
    changed({ name, facts, record, daemon }) {
      parts = undefined;
      put(unavailable, name, !facts.ready || facts.unschedulable);
      put(notReady, name, !facts.ready);
      if (isUnderWay(record))
        underWay.set(name, absentHolder({ name, uid: facts.uid, labels: facts.labels }, daemon.limits));
      else underWay.delete(name);
    },
  };
}

function isUnderWay(record: CycleRecord): boolean {
  return isInCycle(record) && !record.announced;
}

function put(names: Set<string>, name: string, isIn: boolean): void {
  if (isIn) names.add(name);
  else names.delete(name);
}
