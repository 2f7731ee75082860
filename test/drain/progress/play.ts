/** A small language for the course of a drain: pods, events, and plays of rows. */

import assert from "node:assert/strict";
import type { EvictionRefusal } from "../../../daemon/drain/evict.ts";
import { type DrainEvent, type DrainRules, judged } from "../../../daemon/drain/progress/events.ts";
import { beginDrain, type Progress } from "../../../daemon/drain/progress/progress.ts";
import { step } from "../../../daemon/drain/progress/step.ts";
import { stateOf } from "../../../daemon/drain/progress/summary.ts";
import type { Verdict } from "../../../daemon/drain/select.ts";

export const noon = Date.parse("2026-11-24T12:00:00Z");
const time = (seconds: number) => new Date(noon + seconds * 1000).toISOString();
const evict: Verdict = { do: "evict", reasons: [] };
export const rules: DrainRules = {
  parallelism: 50,
  skipWaitForDeleteMs: 0,
  deleteAt: Number.POSITIVE_INFINITY,
  deadline: 900_000,
  volumeTimeoutMs: 120_000,
  cordonedAt: noon,
  cordonedAtByServer: noon,
};

export interface PodFacts {
  /** Its controller. */
  of?: string;
  tier?: "system-cluster-critical" | "system-node-critical";
  phase?: string;
  /** Seconds after noon. */
  made?: number;
  /** When its grace of 30 s ends, in seconds after noon. */
  ends?: number;
  tolerates?: true;
  boundByName?: true;
  claim?: string;
  verdict?: Verdict;
  /** Its label of that name. */
  app?: string;
  ready?: boolean;
  /** Its namespace. */
  in?: string;
}

export function pod(name: string, facts: PodFacts = {}) {
  const { of, tier, phase = "Running", made = -3600, ends, tolerates, boundByName, claim, app } = facts;
  const { ready = true } = facts;
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: of ?? "",
    uid: of ?? "",
    controller: true,
  };
  const nodeSelectorTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }];
  const affinity = {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  };
  const body = {
    metadata: {
      name,
      namespace: facts.in ?? "shop",
      uid: name,
      ...(app && { labels: { app } }),
      creationTimestamp: time(made),
      ...(of && { ownerReferences: [owner] }),
      ...(ends !== undefined && { deletionTimestamp: time(ends), deletionGracePeriodSeconds: 30 }),
    },
    spec: {
      containers: [],
      ...(tier && { priorityClassName: tier }),
      ...(tolerates && { tolerations: [{ operator: "Exists" }] }),
      ...(boundByName && { affinity }),
      ...(claim && { volumes: [{ name: "v", persistentVolumeClaim: { claimName: claim } }] }),
    },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
  return judged(body, facts.verdict ?? evict);
}

export type JudgedPod = ReturnType<typeof pod>;
export const listed = (...pods: JudgedPod[]): DrainEvent => ({ type: "listed", pods });
export const seen = (one: JudgedPod): DrainEvent => ({ type: "seen", ...one });
export const gone = ({ pod }: JudgedPod): DrainEvent => ({ type: "gone", pod });
export const agreed = (uid: string): DrainEvent => ({ type: "agreed", uid });
export const tick: DrainEvent = { type: "time" };
export const refused = (uid: string, by: EvictionRefusal["by"] = "budget", retryAfterMs = 0): DrainEvent => {
  return { type: "refused", uid, refusal: { by, why: "no" }, retryAfterMs, chance: 0 };
};

/** `second`: after noon, when the drain begins by default. */
export type Row = [second: number, event: DrainEvent, asks: string];

/**
 * The requests as text, such as "evict a, wait 2"; without reports of evictions and refusals, and mostly
 * without watches.
 */
function textOf(requests: ReturnType<typeof step>["requests"], withWatches: boolean): string {
  return requests
    .flatMap((one) => {
      switch (one.do) {
        case "evict":
        case "delete":
        case "stop":
          return `${one.do} ${one.pod.metadata?.name}`;
        case "watch":
        case "unwatch":
          return withWatches ? `${one.do} ${one.namespace}` : [];
        case "wait":
          return `wait ${one.until / 1000}`;
        case "detach":
          return `detach ${one.claims.join(" ")} until ${one.until / 1000}`;
        case "surge":
          return `surge ${one.pod.metadata?.name}`;
        case "notify":
          return "notify";
        case "report":
          if (one.what === "requested" || one.what === "refused") return [];
          if ("why" in one) return `${one.what} ${one.pod.metadata?.name}: ${one.why}`;
          return `${one.what} ${one.pod.metadata?.name}: ${one.reasons.join(" ")}`;
        default:
          return one satisfies never;
      }
    })
    .join(", ");
}

export const at = (second: number) => ({ elapsed: second * 1000, epoch: noon + second * 1000 });

/**
 * Plays the rows, each of which has to lead to its requests, without notifications of the same state; returns
 * the progress then.
 */
export function play(
  rows: readonly Row[],
  changed: Partial<DrainRules> = {},
  begun = 0,
  withWatches = false,
): Progress {
  let progress = beginDrain({ ...rules, ...changed }, at(begun));
  for (const [second, event, asks] of rows) {
    const next = step(progress, event, at(second));
    const isSame = stateOf(progress, at(second)).state === stateOf(next.progress, at(second)).state;
    progress = next.progress;
    const requests = next.requests.filter(({ do: what }) => what !== "notify" || !isSame);
    assert.equal(textOf(requests, withWatches), asks, `at ${second} s, ${event.type}`);
  }
  return progress;
}

export const stateAt = (progress: Progress, second: number) => stateOf(progress, at(second));
export const a = pod("a", { of: "web" });
export const b = pod("b", { of: "web" });
