/** Troubles that somebody makes who means harm, with the rights that SECURITY.md grants: to annotate Nodes or the lock, to create pods. */

import { phases } from "../../../daemon/cycle/record.ts";
import type { Draw } from "./draw.ts";

/** What is written over a record. Times are so many seconds from when it is written; a text is no record at all. */
export type Forged = string | Record<string, unknown>;

export type AdversaryTrouble =
  | { kind: "forged-record"; node: string; forged: Forged; restart: boolean }
  /** The value stands beside the lock, or is the lock, until somebody writes another one. */
  | { kind: "forged-lock"; annotation: "lock" | "failures" | "unlocked"; value: string; for: number }
  | { kind: "hostile-pod"; node: string; pod: HostilePod; for: number }
  /** A request in other words each time, and a priority. */
  | { kind: "endless-wishes"; node: string; priority: string; request: string; every: number; for: number };

export type AdversaryKind = AdversaryTrouble["kind"];

interface HostilePod {
  finalizers?: string[];
  ownerReferences?: object[];
  annotations?: Record<string, string>;
  spec: object;
}

const longAgo = -1e6;
const inAYear = 3e7;
const everything = { tolerations: [{ operator: "Exists" }] };
const uid = "00000000-0000-4000-8000-00000000000f";

function drawRecord({ oneOf, chance, integer, node }: Draw): Forged {
  if (chance(0.1))
    return oneOf(
      "",
      "null",
      "{}",
      '{"phase":"Asleep"}',
      "[[[[",
      '{"phase":"Idle","__proto__":{"cordoned":true}}',
    );
  const at = () => oneOf(0, -integer(1, 600), longAgo, inAYear);
  const maybe = (what: Record<string, unknown>) => (chance(0.4) ? what : {});
  return {
    phase: oneOf(...phases),
    ...maybe({ since: at() }),
    ...maybe({ bootID: oneOf(uid, undefined) }),
    ...maybe({ cordoned: chance(0.5) }),
    ...maybe({ announced: chance(0.5) }),
    ...maybe({ attempt: oneOf(0, 1, 1e9) }),
    ...maybe({ askedAt: at() }),
    ...maybe({ reboots: oneOf(0, 1, 1e9), failures: oneOf(0, 1, 1e9), withdrawals: oneOf(0, 1, 1e9) }),
    ...maybe({
      labels: [{ key: oneOf("kubernetes.io/os", "node-restriction.kubernetes.io/x", "x"), set: "linux" }],
    }),
    ...maybe({ taint: "node.kubernetes.io/unschedulable" }),
    ...maybe({ lock: oneOf("lease/kube-system/other rebootd.dev/lock", "x", "") }),
    ...maybe({ ownPods: { ready: [`kube-system/${node()}`], unready: ["x"] } }),
    ...maybe({ request: "forged", slowGraceSeconds: oneOf(0, 1e9), lastDrainMs: oneOf(0, 1e15) }),
    ...maybe({ outcome: { result: oneOf("rebooted", "failed", "withdrawn"), at: at(), message: "forged" } }),
  };
}

function drawLock({
  oneOf,
  node,
  integer,
}: Draw): Pick<Extract<AdversaryTrouble, { kind: "forged-lock" }>, "annotation" | "value"> {
  const created = "2026-11-24T12:00:00Z";
  const entry = (nodeID: string) => ({ nodeID, created, concurrency: oneOf(1, 3, 1e9) });
  const failure = (name: string) => ({
    node: name,
    at: created,
    message: "x".repeat(300),
    haltAfter: oneOf(0, 1, 1e9),
  });
  const many = Array.from({ length: oneOf(2, 40, 200) }, (_, index) => `ghost-${index}`);
  return oneOf<() => ReturnType<typeof drawLock>>(
    () => ({ annotation: "lock", value: JSON.stringify(entry(oneOf(node(), "ghost"))) }),
    () => ({
      annotation: "lock",
      value: JSON.stringify({ maxOwners: integer(1, 99), locks: [entry(node()), entry(node())] }),
    }),
    () => ({ annotation: "lock", value: JSON.stringify({ maxOwners: 1e9, locks: many.map(entry) }) }),
    () => ({ annotation: "lock", value: "[".repeat(integer(10, 9000)) }),
    () => ({ annotation: "failures", value: JSON.stringify(many.map(failure)) }),
    () => ({ annotation: "failures", value: JSON.stringify([failure(node())]) }),
    () => ({ annotation: "failures", value: oneOf("{", "null", '{"__proto__":[]}', "[".repeat(9000)) }),
    () => ({ annotation: "unlocked", value: JSON.stringify([{ node: node(), at: created, uid }]) }),
    () => ({ annotation: "unlocked", value: oneOf("{", "null", "[[[") }),
  )();
}

function drawPod({ oneOf, integer, chance }: Draw): HostilePod {
  const controlledBy = (kind: string, name: string, apiVersion = "apps/v1") => ({
    ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
  });
  return {
    ...oneOf<Partial<HostilePod>>(
      {},
      { finalizers: ["example.com/for-ever"] },
      controlledBy("DaemonSet", oneOf("x%", "..", "a/b", "?")),
      controlledBy("Node", "x", "v1"),
      { annotations: { "kubernetes.io/config.mirror": "forged" } },
    ),
    spec: {
      ...(chance(0.6) && everything),
      terminationGracePeriodSeconds: oneOf(1, integer(20, 200), 1e9),
      ...(chance(0.2) && {
        volumes: [{ name: "x", persistentVolumeClaim: { claimName: oneOf("?", "..", "a/b") } }],
      }),
    },
  };
}

export const adversaryDraws: {
  [K in AdversaryKind]: (draw: Draw) => Extract<AdversaryTrouble, { kind: K }>;
} = {
  "forged-record": (draw) => ({
    kind: "forged-record",
    node: draw.node(),
    forged: drawRecord(draw),
    restart: draw.chance(0.4),
  }),
  "forged-lock": (draw) => ({ kind: "forged-lock", ...drawLock(draw), for: draw.integer(5, 300) }),
  "hostile-pod": (draw) => ({
    kind: "hostile-pod",
    node: draw.node(),
    pod: drawPod(draw),
    for: draw.integer(30, 600),
  }),
  "endless-wishes": ({ node, oneOf, integer }) => ({
    kind: "endless-wishes",
    node: node(),
    priority: oneOf("high", "high", "low", "x".repeat(9000)),
    request: oneOf("urgent: ", "true ", "", "x".repeat(9000)),
    every: integer(10, 120),
    for: integer(60, 600),
  }),
};

export const adversaryKinds = Object.keys(adversaryDraws) as AdversaryKind[];
