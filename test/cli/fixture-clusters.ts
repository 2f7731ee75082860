/**
 * Clusters in each phase, with each gate closed and with each trouble, for the golden texts of all commands. Each has one
 * node that the row is about, the first one.
 */
import type { Fleet } from "../../daemon/cli/fleet.ts";
import type { Daemon } from "../../daemon/cli/health.ts";
import type { Metadata, WholeNode } from "../../daemon/cluster/objects.ts";
import { type CycleRecord, idleRecord, type Phase, phases, writeRecord } from "../../daemon/cycle/record.ts";
import { askedGates, type GateName, gates, unevaluated } from "../../daemon/gates/reasons.ts";
import { parseFailures } from "../../daemon/lock/failures.ts";
import { parseLock } from "../../daemon/lock/lock.ts";
import type { LockPlace } from "../../daemon/lock/lock-object.ts";

export interface FixtureCluster {
  /** In kebab-case. */
  name: string;
  group: "phases" | "gates" | "troubles";
  fleet: Fleet;
  /** The Nodes as a read of one of them gives them. */
  wholeNodes: readonly WholeNode[];
}

export const noon = Date.parse("2026-11-24T12:00:00.000Z");
const minute = 60_000;
/** The time so many minutes before noon, RFC 3339. */
export const ago = (minutes: number) => new Date(noon - minutes * minute).toISOString();

export const place: LockPlace = {
  kind: "lease",
  namespace: "kube-system",
  name: "rebootd",
  annotation: "rebootd.dev/lock",
};

interface NodeFacts {
  record?: Partial<CycleRecord>;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  cordoned?: boolean;
  /** Of the Node's condition Ready; "gone" if only the lock has its name. */
  ready?: "True" | "False" | "Unknown" | "gone";
  daemon?: "ready" | "crashing" | "pending" | "unready" | "none";
}

interface ClusterFacts {
  /** The nodes by name. */
  nodes: Record<string, NodeFacts>;
  lock?: unknown;
  failures?: string;
  paused?: string;
}

const conditions = (status: string) => [{ type: "Ready", status, lastTransitionTime: ago(80) }];

function daemonOn(nodeName: string, state: Exclude<NodeFacts["daemon"], undefined>): Daemon[] {
  if (state === "none") return [];
  const isReady = state === "ready";
  const crashed = { exitCode: 2, reason: "Error", startedAt: ago(3), finishedAt: ago(2) };
  const containers = {
    image: "rebootd:1.0.0",
    restartCount: state === "crashing" ? 12 : 0,
    state: state === "crashing" ? { waiting: { reason: "CrashLoopBackOff" } } : { running: {} },
    ...(state === "crashing" && { lastState: { terminated: crashed } }),
  };
  const status = {
    phase: state === "pending" ? "Pending" : "Running",
    startTime: ago(600),
    conditions: conditions(isReady ? "True" : "False"),
    ...(state !== "pending" && { containerStatuses: [containers] }),
  };
  const metadata = { name: `rebootd-${nodeName.slice(0, 20)}`, namespace: "kube-system" };
  return [{ metadata, spec: { nodeName, containers: [{ image: "rebootd:1.0.0" }] }, status }];
}

function metadataOf(name: string, { record, annotations = {}, labels = {} }: NodeFacts): Metadata {
  const written = record && { "rebootd.dev/cycle": writeRecord({ ...idleRecord(noon), ...record }) };
  return { name, uid: `uid-${name}`, labels, annotations: { ...written, ...annotations } };
}

function clusterOf(
  group: FixtureCluster["group"],
  name: string,
  { nodes, lock, failures, paused }: ClusterFacts,
): FixtureCluster {
  const known = Object.entries(nodes).filter(([, { ready }]) => ready !== "gone");
  const whole = known.map(
    ([node, facts]): WholeNode => ({
      metadata: metadataOf(node, facts),
      spec: { unschedulable: facts.cordoned ?? false },
      status: { conditions: conditions(facts.ready ?? "True") },
    }),
  );
  const text = typeof lock === "string" || lock === undefined ? lock : JSON.stringify(lock);
  const fleet: Fleet = {
    at: noon,
    place,
    lockState: {
      version: "1",
      lock: parseLock(text),
      failures: parseFailures(failures),
      unlocked: [],
      paused,
      misread: [],
    },
    nodes: whole.map(({ metadata = {} }) => metadata),
    health: {
      nodes: new Map(whole.map((node) => [node.metadata?.name ?? "", node])),
      daemons: known.flatMap(([node, { daemon = "ready" }]) => daemonOn(node, daemon)),
    },
    labelSelector: undefined,
  };
  return { name, group, fleet, wholeNodes: whole };
}

const need = { source: "file", reasons: ["linux-image-6.1", "libc6"], since: ago(90) };
const holder = (nodeID: string, more: object = {}) => ({ nodeID, created: ago(10), TTL: 0, ...more });
const manual = { nodeID: "manual", since: ago(30), reason: "new switch (ops@example.com)" };
const idle: NodeFacts = { record: { phase: "Idle", since: ago(3000) } };

function waiting(gate: string, code: string, message: string, more: Partial<CycleRecord> = {}): NodeFacts {
  const reasons = [{ gate, code, message, since: ago(45) }];
  return {
    record: { phase: "Waiting", since: ago(90), need, reasons, reportedAt: ago(1), ...more },
  };
}

const failedOutcome = {
  result: "failed",
  at: ago(5),
  message: "the drain timed out (--drain-timeout): shop/cart-0 is held by the budget shop/cart",
} as const;

/** The records that fit each phase. */
const recordIn: Record<Phase, Partial<CycleRecord>> = {
  Idle: { outcome: { result: "rebooted", at: ago(3000), message: "boot ID changed" } },
  Waiting: { reasons: [{ gate: "window", code: "outside", message: "opens in 14h", since: ago(80) }] },
  Draining: {
    cordoned: true,
    reasons: [
      { gate: "drain", code: "pods-left", message: "2 pods remain: shop/cart-0, db/pg-1", since: ago(8) },
    ],
  },
  Rebooting: { cordoned: true, attempt: 1, askedAt: ago(4) },
  Returning: { cordoned: true, attempt: 1, askedAt: ago(4) },
  Settling: { outcome: { result: "rebooted", at: ago(1), message: "boot ID changed" } },
  Restoring: { outcome: { result: "withdrawn", at: ago(1), message: "this node is paused" } },
  Failed: { failures: 2, outcome: failedOutcome },
};

const inCycle: readonly Phase[] = ["Draining", "Rebooting", "Returning", "Settling", "Restoring"];

const ofPhases = phases.map((phase) => {
  const isHolder = inCycle.includes(phase);
  const needed = phase === "Idle" ? {} : { need };
  const record = { phase, since: ago(8), reportedAt: ago(1), ...needed, ...recordIn[phase] };
  return clusterOf("phases", phase.toLowerCase(), {
    nodes: { "worker-1": { record, cordoned: isHolder && phase !== "Settling" }, "worker-2": idle },
    ...(isHolder && { lock: holder("worker-1", { zone: "zone-a", neededSince: ago(90) }) }),
  });
});

/** States of the lock object that go with reasons which are shown as they are now. */
const liveFacts: Readonly<Record<string, Omit<ClusterFacts, "nodes">>> = {
  "paused cluster": { paused: "until 2026-11-25T06:00:00Z: racks move" },
  "lock lock-manual": { lock: manual },
  "lock lock-unreadable": { lock: "junk" },
  "lock lock-taken": { lock: holder("worker-2") },
  "lock halted": {
    failures: JSON.stringify([
      { node: "worker-3", at: ago(20), message: "the machine is still up", haltAfter: 2 },
      { node: "worker-4", at: ago(9), message: "the drain timed out", haltAfter: 2 },
    ]),
  },
  "lock failures-unreadable": { failures: "junk" },
};

/** Gates that are closed after the cordon. */
const midCycle: readonly GateName[] = ["drain", "hooks", "control-plane"];

/** Every gate with every reason code. */
export const allReasons: readonly { gate: GateName; code: string; about: string }[] = Object.entries(
  gates,
).flatMap(([gate, { codes }]) => {
  const asked = Object.hasOwn(askedGates, gate) ? unevaluated : {};
  const all: Record<string, string> = { ...codes, ...asked };
  return Object.entries(all).map(([code, about]) => ({ gate: gate as GateName, code, about }));
});

const ofGates = allReasons.map(({ gate, code, about }) => {
  const facts = waiting(gate, code, `${about.slice(0, 1).toLowerCase()}${about.slice(1).replace(/\.$/, "")}`);
  const isMidCycle = midCycle.includes(gate);
  const record = { ...facts.record, ...(isMidCycle && { phase: "Draining" as const, cordoned: true }) };
  const annotations = gate === "paused" && code === "node" ? { "rebootd.dev/paused": "new disk" } : {};
  return clusterOf("gates", `${gate}-${code}`, {
    nodes: { "worker-1": { record, annotations, cordoned: isMidCycle }, "worker-2": idle },
    ...(isMidCycle && { lock: holder("worker-1") }),
    ...liveFacts[`${gate} ${code}`],
  });
});

const draining: NodeFacts = {
  record: { phase: "Draining", since: ago(8), need, cordoned: true },
  cordoned: true,
};
const behind = waiting("lock", "lock-taken", "all slots are taken (1 of 1)");
const hostile = "\u001b[2J\u001b[31mred\u0007\r\nnext\u202eline";

const ofTroubles = [
  clusterOf("troubles", "node-not-ready", { nodes: { "worker-1": { ...behind, ready: "False" } } }),
  clusterOf("troubles", "kubelet-silent", {
    nodes: { "worker-1": { ...draining, ready: "Unknown", daemon: "unready" }, "worker-2": behind },
    lock: holder("worker-1"),
  }),
  clusterOf("troubles", "daemon-crashing", { nodes: { "worker-1": { ...behind, daemon: "crashing" } } }),
  clusterOf("troubles", "daemon-pending", { nodes: { "worker-1": { daemon: "pending" }, "worker-2": idle } }),
  clusterOf("troubles", "no-daemon-here", {
    nodes: { "worker-1": { ...behind, daemon: "none" }, "worker-2": idle },
  }),
  clusterOf("troubles", "no-daemons", { nodes: { "worker-1": { ...behind, daemon: "none" } } }),
  clusterOf("troubles", "record-old", {
    nodes: { "worker-1": waiting("window", "outside", "opens in 14h", { reportedAt: ago(400) }) },
  }),
  clusterOf("troubles", "holder-gone", {
    nodes: { "worker-1": behind, "worker-9": { ready: "gone" } },
    lock: holder("worker-9"),
  }),
  clusterOf("troubles", "holder-dead", {
    nodes: { "worker-1": behind, "worker-2": { ...draining, daemon: "crashing" } },
    lock: holder("worker-2"),
  }),
  clusterOf("troubles", "holder-expired", {
    nodes: { "worker-1": draining },
    lock: holder("worker-1", { TTL: 60_000_000_000 }),
  }),
  clusterOf("troubles", "record-unreadable", {
    nodes: { "worker-1": { annotations: { "rebootd.dev/cycle": "{" } } },
  }),
  clusterOf("troubles", "no-record", { nodes: { "worker-1": {} } }),
  clusterOf("troubles", "lock-unreadable-idle", { nodes: { "worker-1": idle }, lock: "junk" }),
  clusterOf("troubles", "manual-lock-with-holder", {
    nodes: { "worker-1": behind, "worker-2": draining },
    lock: { maxOwners: 2, locks: [holder("worker-2"), manual] },
  }),
  clusterOf("troubles", "failed-for-good", {
    nodes: {
      "worker-1": {
        record: {
          phase: "Failed",
          since: ago(5),
          need,
          failures: 5,
          outcome: failedOutcome,
          reasons: [
            { gate: "failures", code: "given-up", message: "failed 5 times in a row", since: ago(5) },
          ],
        },
      },
    },
  }),
  clusterOf("troubles", "still-required", {
    nodes: { "worker-1": { record: { phase: "Failed", since: ago(5), need, reboots: 2 } } },
  }),
  clusterOf("troubles", "cordoned-by-others", { nodes: { "worker-1": { ...behind, cordoned: true } } }),
  clusterOf("troubles", "annotations-misread", {
    nodes: {
      "worker-1": {
        ...behind,
        annotations: { "rebootd.dev/priority": "urgent", "rebootd.dev/pause": "true" },
      },
    },
  }),
  clusterOf("troubles", "hostile-texts", {
    nodes: {
      "worker-1": waiting("pods", "blocking", `pod ${hostile}`, { need: { ...need, reasons: [hostile] } }),
    },
    lock: { nodeID: "manual", since: ago(3), reason: hostile },
  }),
  clusterOf("troubles", "wide-and-long", {
    nodes: {
      [`worker-${"long-".repeat(40)}1`.slice(0, 250)]: waiting(
        "pods",
        "blocking",
        `blocking pods are on this node: 中文空間/予約システム-0, shop/${"very-long-pod-name-".repeat(8)}0 🚀`,
      ),
      "worker-2": idle,
    },
  }),
];

/** All clusters; their names are distinct within a group. */
export const fixtureClusters: readonly FixtureCluster[] = [...ofPhases, ...ofGates, ...ofTroubles];

/**
 * One text for each group of clusters: what `show` makes of each, below its name. For golden files such as
 * `status/gates-80`.
 */
export function goldenTexts(show: (cluster: FixtureCluster) => string): [group: string, text: string][] {
  const groups = [...new Set(fixtureClusters.map(({ group }) => group))];
  return groups.map((group) => {
    const clusters = fixtureClusters.filter((one) => one.group === group);
    return [group, clusters.map((one) => `### ${one.name}\n${show(one)}`).join("\n")];
  });
}
