/**
 * What happened, judged by the promises. Pure: facts in, report out. It reads the lock and the record with eyes of its
 * own, so that an error in the daemon's reading is not repeated here.
 */
import type { RebootCause } from "../kubernetes/machines/machine.ts";

/** One thing that was seen. `version` puts what several watches have shown into the order in which it was written. */
export type Fact = { at: number; version: number } & (
  | ({ kind: "node"; name: string } & NodeState)
  | { kind: "node-gone"; name: string }
  | { kind: "lock"; value: string | undefined }
  | { kind: "pod-deleted"; pod: string; node: string }
  | { kind: "pod-killed"; pod: string; node: string; wasStopping: boolean }
  | { kind: "sentinel"; name: string; isPresent: boolean }
  | { kind: "down"; name: string; bootID: string; cause: RebootCause }
);

export interface NodeState {
  isReady: boolean;
  isCordoned: boolean;
  /** The record says that the cordon is the daemon's. */
  isCordonOurs: boolean;
  phase: string | undefined;
  /** Why it waits, in the daemon's words. */
  reasons: readonly string[];
  bootID: string | undefined;
  /** Without those that Kubernetes adds by itself for a node that is not Ready. */
  taints: readonly string[];
  labels: Readonly<Record<string, string>>;
}

export interface Violation {
  kind:
    | "too-many-down"
    | "cordoned-without-slot"
    | "rebooted-without-slot"
    | "pod-killed"
    | "pod-deleted"
    | "left-behind"
    | "boot-count";
  at: string;
  node?: string;
  message: string;
}

export interface CycleTimes {
  sentinelAt: string | null;
  cordonedAt: string | null;
  rebootedAt: string | null;
  readyAt: string | null;
  uncordonedAt: string | null;
  releasedAt: string | null;
}

export interface NodeReport extends CycleTimes {
  name: string;
  bootIDs: string[];
  /** All cycles; the times above are those of the last one. */
  cycles: CycleTimes[];
}

export interface Report {
  maxUnavailable: number;
  violations: Violation[];
  lockAtEnd: string | null;
  nodes: NodeReport[];
}

export interface Rules {
  concurrency: number;
  /** Reboots by the daemon for each node; unless told, one where a sentinel was seen and none elsewhere. */
  expectedReboots?: Readonly<Record<string, number>>;
  /** Whether everything should be as it was by now. */
  isOver: boolean;
}

interface NodeHistory {
  name: string;
  first?: NodeState;
  state?: NodeState;
  isGone: boolean;
  bootIDs: string[];
  sentinelSince?: number;
  hadSentinel: boolean;
  reboots: number;
  /** Between cordon and release. */
  isDown: boolean;
  rebootedFrom?: string;
  cycles: CycleTimes[];
  open?: CycleTimes;
}

export function judge(facts: readonly Fact[], rules: Rules): Report {
  const ordered = [...facts].sort((a, b) => a.version - b.version);
  const nodes = new Map<string, NodeHistory>();
  const violations: Violation[] = [];
  let lock: string | undefined;
  let holders: readonly string[] = [];
  let downMost = rules.concurrency;
  let maxUnavailable = 0;

  const historyOf = (name: string): NodeHistory => {
    const found = nodes.get(name);
    if (found !== undefined) return found;
    const made = {
      name,
      isGone: false,
      bootIDs: [],
      hadSentinel: false,
      reboots: 0,
      isDown: false,
      cycles: [],
    };
    nodes.set(name, made);
    return made;
  };
  const violate = (kind: Violation["kind"], at: number, message: string, node?: string) => {
    violations.push({ kind, at: isoTime(at), ...(node === undefined ? {} : { node }), message });
  };

  for (const fact of ordered) {
    switch (fact.kind) {
      case "node": {
        const { at, version, kind, name, ...state } = fact;
        onNode(historyOf(name), state, at);
        break;
      }
      case "node-gone":
        historyOf(fact.name).isGone = true;
        historyOf(fact.name).isDown = false;
        break;
      case "lock":
        lock = fact.value;
        onLock(holdersIn(fact.value), fact.at);
        break;
      case "sentinel":
        onSentinel(historyOf(fact.name), fact.isPresent, fact.at);
        break;
      case "down":
        onDown(historyOf(fact.name), fact);
        break;
      case "pod-deleted":
        if (historyOf(fact.node).isDown) {
          violate("pod-deleted", fact.at, `pod ${fact.pod} was deleted without an eviction`, fact.node);
        }
        break;
      case "pod-killed": {
        const how = fact.wasStopping ? "before it had stopped" : "without an eviction";
        violate("pod-killed", fact.at, `the reboot killed pod ${fact.pod} ${how}`, fact.node);
        break;
      }
      default:
        fact satisfies never;
    }
    countDown(fact.at);
  }
  if (rules.isOver) judgeTheEnd(ordered.at(-1)?.at ?? 0);
  const reports = [...nodes.values()].filter((node) => !node.isGone).map(reportOf);
  reports.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return { maxUnavailable, violations, lockAtEnd: lock ?? null, nodes: reports };

  function onNode(node: NodeHistory, state: NodeState, at: number): void {
    const before = node.state;
    node.first ??= state;
    node.state = state;
    node.isGone = false;
    const { bootID } = state;
    if (bootID !== undefined && !node.bootIDs.includes(bootID)) node.bootIDs.push(bootID);
    if (state.isCordoned && state.isCordonOurs && !node.isDown) {
      node.isDown = true;
      cycleOf(node).cordonedAt = isoTime(at);
      if (!holders.includes(node.name)) {
        violate("cordoned-without-slot", at, `${node.name} was cordoned without a slot`, node.name);
      }
    }
    if (node.rebootedFrom !== undefined && state.isReady && bootID !== node.rebootedFrom) {
      if (node.open !== undefined) node.open.readyAt ??= isoTime(at);
    }
    if (before?.isCordoned === true && !state.isCordoned && node.isDown) {
      cycleOf(node).uncordonedAt = isoTime(at);
    }
    closeCycle(node, at);
  }

  function onLock(now: readonly string[], at: number): void {
    const before = holders;
    holders = now;
    for (const name of before) {
      if (now.includes(name)) continue;
      const node = historyOf(name);
      cycleOf(node).releasedAt = isoTime(at);
      closeCycle(node, at);
    }
  }

  function onSentinel(node: NodeHistory, isPresent: boolean, at: number): void {
    if (!isPresent) {
      delete node.sentinelSince;
      return;
    }
    node.sentinelSince = at;
    node.hadSentinel = true;
    cycleOf(node);
  }

  function onDown(node: NodeHistory, { at, cause, bootID }: Fact & { kind: "down" }): void {
    if (node.open !== undefined || cause === "command") cycleOf(node).rebootedAt = isoTime(at);
    node.rebootedFrom = bootID;
    if (cause !== "command") return;
    node.reboots += 1;
    if (!holders.includes(node.name)) {
      violate("rebooted-without-slot", at, `${node.name} was rebooted without a slot`, node.name);
    }
  }

  function cycleOf(node: NodeHistory): CycleTimes {
    if (node.open !== undefined) return node.open;
    const { sentinelSince } = node;
    const cycle: CycleTimes = {
      sentinelAt: sentinelSince === undefined ? null : isoTime(sentinelSince),
      cordonedAt: null,
      rebootedAt: null,
      readyAt: null,
      uncordonedAt: null,
      releasedAt: null,
    };
    node.open = cycle;
    node.cycles.push(cycle);
    return cycle;
  }

  /** A cycle is over when neither cordon nor slot is left. */
  function closeCycle(node: NodeHistory, at: number): void {
    const isOurs = node.state?.isCordoned === true && node.isDown;
    if (node.open === undefined || isOurs || holders.includes(node.name)) return;
    if (!node.isDown && node.open.releasedAt === null) return;
    node.open.releasedAt ??= isoTime(at);
    node.isDown = false;
    delete node.open;
    delete node.rebootedFrom;
    if (node.sentinelSince !== undefined) cycleOf(node);
  }

  function countDown(at: number): void {
    const present = [...nodes.values()].filter((node) => !node.isGone && node.state !== undefined);
    const unavailable = present.filter((node) => node.state?.isCordoned || node.state?.isReady === false);
    maxUnavailable = Math.max(maxUnavailable, unavailable.length);
    const down = present.filter((node) => node.isDown);
    if (down.length <= rules.concurrency) downMost = rules.concurrency;
    if (down.length <= downMost) return;
    downMost = down.length;
    const names = down.map((node) => node.name).join(", ");
    violate(
      "too-many-down",
      at,
      `${down.length} nodes were down where ${rules.concurrency} may be: ${names}`,
    );
  }

  function judgeTheEnd(at: number): void {
    for (const name of holders) violate("left-behind", at, `${name} still holds a slot`, name);
    for (const node of nodes.values()) {
      if (node.isGone) continue;
      for (const what of differences(node)) violate("left-behind", at, `${node.name}: ${what}`, node.name);
      const expected = rules.expectedReboots?.[node.name] ?? (node.hadSentinel ? 1 : 0);
      if (node.reboots !== expected) {
        const message = `${node.name} was rebooted ${node.reboots} times instead of ${expected}`;
        violate("boot-count", at, message, node.name);
      }
    }
  }
}

/** Daemons' entries; those without `created` were made by people. */
function holdersIn(value: string | undefined): string[] {
  if (value === undefined) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return [];
  }
  const { locks } = (parsed ?? {}) as { locks?: unknown };
  const entries = Array.isArray(locks) ? locks : [parsed];
  return (entries as { nodeID?: string; created?: string }[])
    .filter((entry) => entry?.created !== undefined && entry.nodeID !== undefined)
    .map((entry) => String(entry.nodeID));
}

function differences({ first, state }: NodeHistory): string[] {
  if (first === undefined || state === undefined) return [];
  const result: string[] = [];
  if (first.isCordoned !== state.isCordoned) {
    result.push(state.isCordoned ? "the cordon was left" : "a cordon of somebody else was removed");
  }
  const taintsOf = (node: NodeState) => [...node.taints].sort().join(" ");
  if (taintsOf(first) !== taintsOf(state)) {
    result.push(`its taints were [${taintsOf(first)}] and are [${taintsOf(state)}]`);
  }
  for (const name of new Set([...Object.keys(first.labels), ...Object.keys(state.labels)])) {
    if (first.labels[name] !== state.labels[name]) result.push(`label ${name} is not as it was`);
  }
  return result;
}

function reportOf(node: NodeHistory): NodeReport {
  const last = node.cycles.at(-1) ?? none;
  return { name: node.name, ...last, bootIDs: node.bootIDs, cycles: node.cycles };
}

const none: CycleTimes = {
  sentinelAt: null,
  cordonedAt: null,
  rebootedAt: null,
  readyAt: null,
  uncordonedAt: null,
  releasedAt: null,
};

function isoTime(at: number): string {
  return new Date(at).toISOString();
}
