/** Fleets for tests of the page: five nodes with each kind of state, and as many as wanted. */
import type { FleetHead, FleetMessage, NodeTile, TilePhase } from "../../daemon/ui/wire.ts";

const now = Date.parse("2026-11-02T02:30:00Z");
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();

export const sampleHead: FleetHead = {
  at: ago(0),
  cluster: "sample",
  canChange: false,
  lock: {
    object: "lease/rebootd in kube-system",
    annotation: "rebootd.dev/lock",
    state: "held",
    message: "held by 1 node",
  },
  manual: [],
  slots: { held: 1, max: 1 },
  halted: false,
  misread: [],
  count: { nodes: 5, daemons: 4, needReboot: 3 },
};

/** One node each that drains, waits, has failed, is idle, and has no daemon. */
export const sampleNodes: readonly NodeTile[] = [
  {
    name: "worker-1",
    phase: "Draining",
    since: ago(3),
    zone: "zone-a",
    pool: "general",
    isReady: true,
    holdsSlot: true,
    troubles: [],
    why: ["3 pods remain; shop/cart-0 is held by the budget shop/cart, which allows no eviction now"],
    neededSince: ago(60 * 26),
    priority: "normal",
    cycle: { drainFrom: ago(3) },
  },
  {
    name: "worker-2",
    phase: "Waiting",
    since: ago(60 * 5),
    zone: "zone-a",
    pool: "general",
    isReady: true,
    holdsSlot: false,
    troubles: [],
    why: ["all slots are taken: worker-1"],
    neededSince: ago(60 * 5),
    priority: "high",
  },
  {
    name: "worker-3",
    phase: "Failed",
    since: ago(12),
    zone: "zone-b",
    pool: "general",
    isReady: true,
    holdsSlot: false,
    troubles: [],
    why: ['draining took longer than 15m: 1 pod remains: shop/<img src=x onerror="alert(1)">'],
    neededSince: ago(60 * 30),
    priority: "normal",
    cycle: { drainFrom: ago(27), endedAt: ago(12), result: "failed" },
  },
  {
    name: "worker-4",
    phase: "Idle",
    since: ago(40),
    zone: "zone-b",
    pool: "database",
    isReady: true,
    holdsSlot: false,
    troubles: [],
    why: [],
    priority: "normal",
    cycle: { drainFrom: ago(48), downFrom: ago(44), backAt: ago(42), endedAt: ago(40), result: "rebooted" },
  },
  {
    name: "worker-5",
    phase: "Idle",
    zone: "zone-c",
    isReady: false,
    holdsSlot: false,
    troubles: ["NotReady for 9m, kubelet not responding", "no rebootd pod on it"],
    why: [],
    priority: "normal",
  },
];

export const sampleFleet: FleetMessage = { ...sampleHead, nodes: [...sampleNodes] };

const phases: readonly TilePhase[] = [
  ...Array<TilePhase>(60).fill("Idle"),
  ...Array<TilePhase>(30).fill("Waiting"),
  "Draining",
  "Rebooting",
  "Returning",
  "Settling",
  "Restoring",
  "Failed",
  "Failed",
];

/** A fleet of so many nodes, the same each time: three zones, five pools, each phase, some troubles. */
export function largeFleet(size: number): FleetMessage {
  const nodes = Array.from({ length: size }, (_, index) => largeTile(index));
  const holding = nodes.filter(({ holdsSlot }) => holdsSlot).length;
  return {
    ...sampleHead,
    lock: { ...sampleHead.lock, message: `held by ${holding} nodes` },
    slots: { held: holding, max: holding },
    count: {
      nodes: size,
      daemons: nodes.filter(({ troubles }) => troubles.length === 0).length,
      needReboot: nodes.filter(({ neededSince }) => neededSince !== undefined).length,
    },
    nodes,
  };
}

function largeTile(index: number): NodeTile {
  const phase = phases[(index * 37) % phases.length] ?? "Idle";
  const isBusy = ["Draining", "Rebooting", "Returning", "Settling", "Restoring"].includes(phase);
  const hasTrouble = index % 211 === 7;
  return {
    name: `node-${String(index).padStart(5, "0")}`,
    phase,
    since: ago(index % 600),
    zone: `zone-${"abc"[index % 3]}`,
    pool: `pool-${index % 5}`,
    isReady: phase !== "Rebooting" && !hasTrouble,
    holdsSlot: isBusy,
    troubles: hasTrouble ? ["daemon CrashLoopBackOff (12 restarts, exit 2)"] : [],
    why: whyOf(phase, index),
    ...(phase !== "Idle" && { neededSince: ago(600 + (index % 3000)) }),
    priority: index % 50 === 0 ? "high" : "normal",
    ...cycleOf(phase, index),
  };
}

function whyOf(phase: TilePhase, index: number): string[] {
  if (phase === "Waiting") return [`the window is closed; it opens in ${1 + (index % 9)} h`];
  if (phase === "Failed") return ["draining took longer than 15m: 2 pods remain"];
  return [];
}

function cycleOf(phase: TilePhase, index: number): Pick<NodeTile, "cycle"> {
  const times = { drainFrom: ago(9), downFrom: ago(5), backAt: ago(3) };
  if (phase === "Draining" || phase === "Restoring") return { cycle: { drainFrom: times.drainFrom } };
  if (phase === "Rebooting") return { cycle: { drainFrom: times.drainFrom, downFrom: times.downFrom } };
  if (phase === "Returning" || phase === "Settling") return { cycle: times };
  if (phase === "Idle" && index % 40 === 1) {
    const end = 10 + (index % 300);
    const cycle = {
      drainFrom: ago(end + 8),
      downFrom: ago(end + 4),
      backAt: ago(end + 2),
      endedAt: ago(end),
      result: "rebooted",
    } as const;
    return { cycle };
  }
  return {};
}
