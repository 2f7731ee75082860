/** A night in three zones: every phase and every trouble at once, for pictures and for tests of the page. */

import { noHistory } from "../../daemon/cycle/history.ts";
import type { LastCycle } from "../../daemon/cycle/last-cycles.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import type { ScriptedFleet, ScriptedNode } from "./scripted-fleet.ts";

const minuteMs = 60_000;
const concurrency = 5;

/** Times count back from `now`, in milliseconds since the epoch. */
export function shopFleet(now: number): ScriptedFleet {
  const ago = (minutes: number) => new Date(now - minutes * minuteMs).toISOString();
  const nodes = nodesOf(ago);
  const holders = nodes
    .filter(({ record }) => record?.cordoned === true || record?.phase === "Settling")
    .map(({ name, record }) => ({ nodeID: name, created: record?.since, TTL: 0, concurrency }));
  const lock = { maxOwners: concurrency, locks: holders };
  const day = (days: number) => ago(-days * 24 * 60).slice(0, 10);
  const window = "--window=0 22 * * * for 8h";
  return {
    nodes,
    annotations: { "rebootd.dev/lock": JSON.stringify(lock) },
    args: [
      `--concurrency=${concurrency}`,
      "--pool-label=example.com/pool",
      window,
      `--blackout=${day(3)}..${day(4)}`,
    ],
  };
}

type Ago = (minutes: number) => string;

function nodesOf(ago: Ago): ScriptedNode[] {
  const busy = busyNodes(ago);
  const rest = Array.from({ length: 24 - busy.length }, (_, n) => restingNode(ago, n));
  return [...busy, ...rest].map((node, n) => {
    const zone = `eu-west-1${"abc"[n % 3]}`;
    const pool = n % 4 === 3 ? "database" : "general";
    return {
      ...node,
      name: `worker-${String(n + 1).padStart(2, "0")}`,
      labels: { "topology.kubernetes.io/zone": zone, "example.com/pool": pool, ...node.labels },
    };
  });
}

const packages = ["linux-image-6.12.57", "libc6"];
const need = (ago: Ago, hours: number) => ({ source: "file", reasons: packages, since: ago(hours * 60) });

function inCycle(
  ago: Ago,
  phase: CycleRecord["phase"],
  minutes: number,
  more: Partial<CycleRecord> = {},
): ScriptedNode {
  const tookMs = {
    wait: 40 * minuteMs,
    drain: 2 * minuteMs,
    ...(phase === "Draining" ? {} : { boot: 3 * minuteMs }),
  };
  return {
    name: "",
    record: {
      phase,
      since: ago(minutes),
      need: need(ago, 26),
      cordoned: phase !== "Settling",
      tookMs,
      ...more,
    },
  };
}

const budgetMessage =
  "1 pod remains: shop/cart-0: PodDisruptionBudget shop/cart allows no disruption now; its pods: 2 Ready of 3";

function busyNodes(ago: Ago): ScriptedNode[] {
  return [
    {
      ...inCycle(ago, "Draining", 6, {
        reasons: [{ gate: "drain", code: "draining", message: budgetMessage, since: ago(5) }],
      }),
      events: [
        {
          reason: "DrainStarted",
          type: "Normal",
          message: "slot acquired; cordoning and draining",
          at: ago(6),
        },
        { reason: "EvictionRefused", type: "Warning", message: budgetMessage, at: ago(5) },
      ],
    },
    {
      ...inCycle(ago, "Rebooting", 41, { askedAt: ago(40) }),
      notReadySince: ago(39),
    },
    inCycle(ago, "Returning", 2, { askedAt: ago(5) }),
    inCycle(ago, "Settling", 1, { askedAt: ago(7) }),
    inCycle(ago, "Restoring", 1),
    failedNode(ago),
    { name: "", daemon: "CrashLoopBackOff" },
    { name: "", annotations: { "rebootd.dev/paused": "until 2099-12-24T06:00:00Z: new disk" } },
    waitingNode(ago, 20),
    waitingNode(ago, 9),
    waitingNode(ago, 3),
  ];
}

function failedNode(ago: Ago): ScriptedNode {
  const message = "the drain timed out (--drain-timeout); 1 pod remains: shop/cart-1";
  return {
    name: "",
    record: {
      phase: "Failed",
      since: ago(4),
      need: need(ago, 30),
      failures: 1,
      outcome: { result: "failed", at: ago(4), message, during: "drain" },
      history: { ...noHistory, last: [failedCycle(ago(4), message), rebootedCycle(ago(60 * 24 * 28))] },
    },
    events: [{ reason: "DrainFailed", type: "Warning", message, at: ago(4) }],
  };
}

function waitingNode(ago: Ago, hours: number): ScriptedNode {
  const message = `all slots are taken (${concurrency} of ${concurrency})`;
  const reasons = [{ gate: "lock", code: "lock-taken", message, since: ago(40) }];
  return { name: "", record: { phase: "Waiting", since: ago(hours * 60), need: need(ago, hours), reasons } };
}

function restingNode(ago: Ago, n: number): ScriptedNode {
  const minutes = 12 + n * 4;
  const rebooted = rebootedCycle(ago(minutes));
  return {
    name: "",
    record: {
      phase: "Idle",
      since: ago(minutes),
      outcome: { result: "rebooted", at: ago(minutes), message: rebooted.message },
      history: { ...noHistory, rebootedAt: ago(minutes + 1), last: [rebooted] },
    },
  };
}

function rebootedCycle(at: string): LastCycle {
  const parts = { waitMs: 38 * minuteMs, drainMs: 95_000, bootMs: 140_000, returnMs: 48_000 };
  return {
    result: "rebooted",
    at,
    why: packages.join(", "),
    message: "rebooted, Ready and uncordoned",
    ...parts,
  };
}

function failedCycle(at: string, message: string): LastCycle {
  return {
    result: "failed",
    at,
    why: packages.join(", "),
    message,
    waitMs: 12 * minuteMs,
    drainMs: 15 * minuteMs,
  };
}
