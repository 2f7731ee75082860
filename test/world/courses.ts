/** The course of each node through its cycles, and when each step of them was, from the facts in their order. */
import { iso } from "../../daemon/time/iso.ts";
import { entriesOf, isHolder } from "../promises/eyes.ts";
import type { Fact, NodeState } from "./fact.ts";

export interface CycleTimes {
  sentinelAt: string | null;
  cordonedAt: string | null;
  rebootedAt: string | null;
  readyAt: string | null;
  uncordonedAt: string | null;
  releasedAt: string | null;
}

export const noTimes: CycleTimes = {
  sentinelAt: null,
  cordonedAt: null,
  rebootedAt: null,
  readyAt: null,
  uncordonedAt: null,
  releasedAt: null,
};

export interface Course {
  name: string;
  first?: NodeState;
  state?: NodeState;
  isGone: boolean;
  bootIDs: string[];
  sentinelSince?: number;
  hadSentinel: boolean;
  /** Those that its daemon has asked for. */
  reboots: number;
  /** Between cordon and release. */
  isDown: boolean;
  rebootedFrom?: string;
  cycles: CycleTimes[];
  open?: CycleTimes;
}

export interface Courses {
  of(name: string): Course;
  /** Of all nodes, also those that are gone. */
  all(): readonly Course[];
  lock(): string | undefined;
  /** Names of the nodes whose daemons have a slot. */
  holders(): readonly string[];
  onNode(fact: Fact & { kind: "node" }): void;
  onNodeGone(name: string): void;
  onLock(value: string | undefined, at: number): void;
  onSentinel(fact: Fact & { kind: "sentinel" }): void;
  onDown(fact: Fact & { kind: "down" }): void;
}

export function createCourses(): Courses {
  const nodes = new Map<string, Course>();
  let lock: string | undefined;
  let holders: readonly string[] = [];

  function of(name: string): Course {
    const known = nodes.get(name) ?? createCourse(name);
    nodes.set(name, known);
    return known;
  }

  /** A cycle is over when neither cordon nor slot is left. */
  function closeCycle(node: Course, at: number): void {
    const isOurs = node.state?.isCordoned === true && node.isDown;
    if (node.open === undefined || isOurs || holders.includes(node.name)) return;
    if (!node.isDown && node.open.releasedAt === null) return;
    node.open.releasedAt ??= iso(at);
    node.isDown = false;
    delete node.open;
    delete node.rebootedFrom;
    if (node.sentinelSince !== undefined) cycleOf(node);
  }

  return {
    of,
    all: () => [...nodes.values()],
    lock: () => lock,
    holders: () => holders,
    onNode({ at, version: _, kind: __, name, ...state }) {
      const node = of(name);
      observe(node, state, at);
      closeCycle(node, at);
    },
    onNodeGone(name) {
      Object.assign(of(name), { isGone: true, isDown: false });
    },
    onLock(value, at) {
      const before = holders;
      lock = value;
      holders = entriesOf(value)
        .filter(isHolder)
        .map(({ nodeID }) => nodeID);
      for (const node of before.filter((name) => !holders.includes(name)).map(of)) {
        cycleOf(node).releasedAt = iso(at);
        closeCycle(node, at);
      }
    },
    onSentinel({ name, isPresent, at }) {
      const node = of(name);
      if (!isPresent) {
        delete node.sentinelSince;
        return;
      }
      node.sentinelSince = at;
      node.hadSentinel = true;
      cycleOf(node);
    },
    onDown({ name, at, cause, bootID }) {
      const node = of(name);
      if (node.open !== undefined || cause === "command") cycleOf(node).rebootedAt = iso(at);
      node.rebootedFrom = bootID;
      if (cause === "command") node.reboots += 1;
    },
  };
}

function createCourse(name: string): Course {
  return { name, isGone: false, bootIDs: [], hadSentinel: false, reboots: 0, isDown: false, cycles: [] };
}

function observe(node: Course, state: NodeState, at: number): void {
  const before = node.state;
  node.first ??= state;
  node.state = state;
  node.isGone = false;
  const { bootID } = state;
  if (bootID !== undefined && !node.bootIDs.includes(bootID)) node.bootIDs.push(bootID);
  if (state.isCordoned && state.isCordonOurs && !node.isDown) {
    node.isDown = true;
    cycleOf(node).cordonedAt = iso(at);
  }
  const isBack = node.rebootedFrom !== undefined && state.isReady && bootID !== node.rebootedFrom;
  if (isBack && node.open !== undefined) node.open.readyAt ??= iso(at);
  if (before?.isCordoned === true && !state.isCordoned && node.isDown) {
    cycleOf(node).uncordonedAt = iso(at);
  }
}

/** The cycle that is open; a new one where none is. */
function cycleOf(node: Course): CycleTimes {
  if (node.open !== undefined) return node.open;
  const { sentinelSince } = node;
  const cycle = { ...noTimes, sentinelAt: sentinelSince === undefined ? null : iso(sentinelSince) };
  node.open = cycle;
  node.cycles.push(cycle);
  return cycle;
}
