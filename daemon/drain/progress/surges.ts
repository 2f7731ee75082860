/** Pods that wait, bounded, for a roll-out to put another pod in their place. Pure. */

import { objectionToPod } from "../surge/plan.ts";
import type { DrainEventOf, DrainRequest, DrainRules, Instant, Judged } from "./events.ts";
import { uidOf } from "./events.ts";
import { changed, type EvictionRequest, isTerminating, type Ledger } from "./ledger.ts";

/** How the eviction of a pod begins that is due at `at`. */
export function firstRequest(
  { pod, verdict }: Judged,
  at: number,
  { surge }: DrainRules,
  now: Instant,
): { request: EvictionRequest; requests: readonly DrainRequest[] } {
  const due = { request: { is: "due", at, attempt: 0 } as const, requests: [] };
  if (surge === undefined || now.elapsed >= surge.until) return due;
  if (verdict.do !== "evict" || !surge.selects(pod)) return due;
  const objection = objectionToPod(pod);
  if (objection === undefined) {
    const request = { is: "surging", until: surge.until, attempt: 0 } as const;
    return { request, requests: [{ do: "surge", pod }] };
  }
  return objection.why === undefined ? due : { ...due, requests: [notSurged(pod, objection.why)] };
}

/** The way of a pod is known. A pod that went on without an answer, or has begun to end, is left alone. */
export function onSurge(
  ledger: Ledger,
  { uid, plan }: DrainEventOf<"surge">,
  now: Instant,
): { ledger: Ledger; requests: readonly DrainRequest[] } {
  const entry = ledger.pods.get(uid);
  if (entry?.request.is !== "surging" || isTerminating(entry.pod)) return { ledger, requests: [] };
  if (plan.do !== "evict") {
    const request = { ...entry.request, deployment: plan.deployment };
    return {
      ledger: changed(ledger, [[uid, { ...entry, request }]]),
      requests: [{ do: "report", what: "surging", pod: entry.pod, why: plan.deployment }],
    };
  }
  const request = { is: "due", at: now.elapsed, attempt: 0 } as const;
  return {
    ledger: changed(ledger, [[uid, { ...entry, request }]]),
    requests: plan.why === undefined ? [] : [notSurged(entry.pod, plan.why)],
  };
}

/** The time of a pod is over; it is evicted as ever. */
export function surgedTooLate(
  pod: Judged["pod"],
  { deployment }: EvictionRequest & { is: "surging" },
): DrainRequest {
  const of =
    deployment === undefined
      ? "its Deployment has not been read"
      : `${rollOutText(deployment)} has not ended`;
  return notSurged(pod, `${of} within --surge-timeout`);
}

export function isSurging(ledger: Ledger, pod: Judged["pod"]): boolean {
  const entry = ledger.pods.get(uidOf(pod));
  return entry?.request.is === "surging" && !isTerminating(entry.pod);
}

/** The subject of a sentence; the key is "namespace/name". */
function rollOutText(deployment: string): string {
  return `the roll-out of Deployment ${deployment}`;
}

function notSurged(pod: Judged["pod"], why: string): DrainRequest {
  return { do: "report", what: "notSurged", pod, why };
}
