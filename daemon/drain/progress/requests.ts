/**
 * When the eviction of each pod is requested: in order, so many at a time, and after a pause where it was
 * refused. Pure.
 */

import { backoffMs } from "../../time/backoff.ts";
import type { EvictionRefusal } from "../evict.ts";
import { isFinished, stopTier } from "../select.ts";
import { type BudgetViews, changeIn, heldNow, unwatchedRetry } from "./budget-watch.ts";
import type { DrainEventOf, DrainRequest, DrainRules, Instant } from "./events.ts";
import {
  awaitedTier,
  type Change,
  changed,
  type Entry,
  type EvictionRequest,
  isByBudget,
  type Ledger,
} from "./ledger.ts";
import { surgedTooLate } from "./surges.ts";

/** A server in trouble does not get requests for all pods of all drains again and again. */
const lineRetry = { firstMs: 1000, maxMs: 2 * 60_000 };
/**
 * A pod that is not terminating though the server has accepted, as after a restore of its storage, is
 * requested again.
 */
const agreedTrustMs = 60_000;
/**
 * Pods of one maker mostly have one budget, and the server waits half a second where two evictions change that at
 * the same time: https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/registry/core/pod/storage/eviction.go
 */
const ofMakerMax = 5;
/** A right that is missing now may be there in a moment only where the server has just started. */
const rightsTriesMax = 4;

/**
 * Requests the pods whose time has come. Pods of a lower tier have to be gone before others are due, and the
 * last tier waits until `mayStop`. `nextAt`: when more are due.
 */
export function requestDue(
  ledger: Ledger,
  views: BudgetViews,
  rules: DrainRules,
  mayStop: boolean,
  now: Instant,
): { ledger: Ledger; requests: readonly DrainRequest[]; nextAt: number } {
  const requests: DrainRequest[] = [];
  const changes: Change[] = [];
  const tier = awaitedTier(ledger);
  const by = now.elapsed < rules.deleteAt ? "evict" : "delete";
  let { underWay, lineUnderWay } = ledger;
  let nextAt = Number.POSITIVE_INFINITY;
  const ofMaker = countSent(ledger);
  for (const uid of ledger.due) {
    // An answer makes room for the next.
    if (underWay >= rules.parallelism) break;
    const entry = ledger.pods.get(uid);
    if (entry === undefined || entry.request.is === "sent") continue;
    const { pod, maker, request, isRequested, reasons } = entry;
    if (entry.tier !== tier && !isFinished(pod)) continue;
    const isStop = entry.tier === stopTier;
    if (isStop && !mayStop) continue;
    const { at, isAnew } = turnOf(request, ledger.line, lineUnderWay > 0);
    if (at > now.elapsed) {
      nextAt = Math.min(nextAt, at);
      continue;
    }
    const alike = ofMaker.get(maker) ?? 0;
    if (alike >= ofMakerMax) continue;
    ofMaker.set(maker, alike + 1);
    if (request.is === "surging") requests.push(surgedTooLate(pod, request));
    const sent = sentAfter(request, isStop ? "delete" : by, isAnew, changeIn(views, pod));
    changes.push([uid, { ...entry, isRequested: true, request: sent }]);
    underWay += 1;
    if (sent.isInLine) lineUnderWay += 1;
    if (!isRequested) requests.push({ do: "report", what: "requested", pod, reasons });
    requests.push({ do: isStop ? "stop" : by, pod });
  }
  return { ledger: changed(ledger, changes), requests, nextAt };
}

type Unsent = Exclude<EvictionRequest, { is: "sent" }>;

/** When the eviction of a pod may be requested, in milliseconds of `clock.elapsed()`. */
function turnOf(request: Unsent, line: Ledger["line"], isLineBusy: boolean): { at: number; isAnew: boolean } {
  if (request.is === "surging") return { at: request.until, isAnew: false };
  if (request.is === "agreed") return { at: request.at + agreedTrustMs, isAnew: false };
  const { at, isInLine, anewAt = Number.POSITIVE_INFINITY } = request;
  const waits = isInLine && line.failures > 0;
  const turnAt = !waits ? at : isLineBusy ? Number.POSITIVE_INFINITY : Math.max(at, line.nextAt);
  return { at: Math.min(turnAt, anewAt), isAnew: anewAt <= turnAt };
}

/** How many requests are under way for pods of each maker. */
function countSent({ pods, underWay }: Ledger): Map<string, number> {
  const counts = new Map<string, number>();
  if (underWay === 0) return counts;
  for (const { maker, request } of pods.values())
    if (request.is === "sent") counts.set(maker, (counts.get(maker) ?? 0) + 1);
  return counts;
}

function sentAfter(
  request: Unsent,
  by: "evict" | "delete",
  isAnew: boolean,
  change: number,
): EvictionRequest {
  const held = request.is === "due" ? request.held : undefined;
  return {
    is: "sent",
    by,
    change,
    attempt: isAnew ? 1 : request.attempt + 1,
    ...(held?.openAt !== undefined && { openings: held.openings + 1 }),
    ...(request.isInLine && !isAnew && { isInLine: true as const }),
  };
}

export function onAgreed(ledger: Ledger, uid: string, now: Instant): Ledger {
  const entry = ledger.pods.get(uid);
  if (entry === undefined) return ledger;
  const { attempt } = entry.request;
  const request = { is: "agreed", at: now.elapsed, attempt } as const;
  return changed(answered(ledger, entry), [[uid, { ...entry, request, refused: undefined }]]);
}

/** The daemon has no right to end the pod, has tried often enough, and has no other way left. */
export function isHopeless({ request }: Entry, { by }: EvictionRefusal, rules: DrainRules): boolean {
  if (by !== "rights" || request.attempt < rightsTriesMax || rules.rebootAnyway) return false;
  return !(isSentBy(request, "evict") && Number.isFinite(rules.deleteAt));
}

/** The pod is due again after a pause. */
export function onRefused(
  ledger: Ledger,
  views: BudgetViews,
  entry: Entry,
  { uid, refusal, retryAfterMs, chance }: DrainEventOf<"refused">,
  rules: DrainRules,
  now: Instant,
): Ledger {
  const { attempt, isInLine } = entry.request;
  const wasEvicted = isSentBy(entry.request, "evict");
  const isTrouble = refusal.by === "server" || refusal.by === "webhook-down";
  const leastAt = now.elapsed + retryAfterMs;
  const pausedUntil = now.elapsed + backoffMs(attempt, unwatchedRetry, () => chance);
  const request: EvictionRequest = {
    is: "due",
    at: isTrouble ? leastAt : Math.max(leastAt, pausedUntil),
    attempt,
    // A deletion is another request: the refusal of an eviction does not delay it.
    ...(wasEvicted && Number.isFinite(rules.deleteAt) && { anewAt: rules.deleteAt }),
    ...(isTrouble && { isInLine: true as const }),
    ...(wasEvicted && isByBudget(refusal) && { held: heldNow(views, entry, chance, now) }),
  };
  const before = isTrouble ? failedFor(ledger, isInLine, chance, now) : answered(ledger, entry);
  return changed(before, [[uid, { ...entry, request, refused: refusal }]]);
}

function isSentBy(request: EvictionRequest, by: "evict" | "delete"): boolean {
  return request.is === "sent" && request.by === by;
}

/** The server has failed once more, or for the first pod. */
function failedFor(ledger: Ledger, isInLine: true | undefined, chance: number, now: Instant): Ledger {
  const { failures } = ledger.line;
  if (!isInLine && failures > 0) return ledger;
  const nextAt = now.elapsed + backoffMs(failures + 1, lineRetry, () => chance);
  return { ...ledger, line: { failures: failures + 1, nextAt } };
}

/** The server has answered for a pod that stood in the line: all others may go on. */
function answered(ledger: Ledger, { request }: Entry): Ledger {
  return request.isInLine ? { ...ledger, line: { failures: 0, nextAt: 0 } } : ledger;
}
