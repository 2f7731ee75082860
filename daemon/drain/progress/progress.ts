/** How a drain goes: what happens to it comes in, what it asks for goes out. Pure: it neither waits nor asks anybody. */

import type { ApiErrorCode } from "../../cluster/api.ts";
import type { Budget, Pod } from "../../cluster/objects.ts";
import { shortLine } from "../../text/one-line.ts";
import { backoffMs } from "../../time/backoff.ts";
import { budgetsOver, judgeBudgets, nameOf } from "../budgets.ts";
import { quietMs } from "../estimate.ts";
import type { EvictionRefusal } from "../evict.ts";
import type { BudgetFacts } from "../operators.ts";
import { isFinished, type PodReason, podKey, reasonsText, tierOf, type Verdict } from "../select.ts";
import { type DrainState, type Running, reportAgainMs } from "../state.ts";
import { type LeftCode, whyRefused, whyStillThere } from "../stuck.ts";
import { makerOf, type Tie, tieOf } from "../successors.ts";
import { claimsOf } from "../volumes.ts";

export interface DrainRules {
  /** How many evictions are under way at a time, at most. */
  parallelism: number;
  /** Pods that were asked to end this long ago are not waited for; 0 waits for all. */
  skipWaitForDeleteMs: number;
  /** From then on pods are deleted, past all budgets; in milliseconds of `clock.elapsed()`. */
  deleteAt: number;
  /** What is known of budgets beside what they say themselves. */
  budgetFacts?: BudgetFacts;
  /** What is left by the deadline goes down with the machine, so that nothing but the deadline ends the drain. */
  rebootAnyway?: boolean;
  /** When the caller gives the drain up; in milliseconds of `clock.elapsed()`. */
  deadline: number;
  /** How long volumes have to be detached; 0 does not look at them. */
  volumeTimeoutMs: number;
  /** Since when the node is cordoned; milliseconds since the epoch. */
  cordonedAt: number;
  /** The same by the server's clock. */
  cordonedAtByServer: number;
}

/** A time on both clocks: durations are on the one, what the server writes on the other. */
export interface Moment {
  /** Of `clock.elapsed()`. */
  elapsed: number;
  /** Milliseconds since the epoch. */
  epoch: number;
}

/** A pod of the node as it is now, and what the selection says about it. */
export interface Judged {
  /** What is still asked of it; a node may have hundreds. */
  pod: Pod;
  verdict: Verdict;
  /** "namespace/name" of what its volumes use. */
  claims: readonly string[];
  /** See {@link makerOf}. */
  maker: string;
  /** Why the cordon does not keep its like away. */
  tie: Tie | undefined;
  /** By the server's clock, in whole seconds; milliseconds since the epoch. */
  createdAt: number;
}

export function judged(pod: Pod, verdict: Verdict): Judged {
  return {
    pod,
    verdict,
    claims: claimsOf(pod),
    maker: makerOf(pod),
    tie: tieOf(pod),
    createdAt: Date.parse(pod.metadata?.creationTimestamp ?? ""),
  };
}

export type DrainEvent =
  /** All pods of the node, at the start and whenever something may have been missed. */
  | { type: "listed"; pods: readonly Judged[] }
  /** A pod has come, or has changed. */
  | ({ type: "seen" } & Judged)
  | { type: "gone"; pod: Pod }
  /** The server has taken the eviction, or has no such pod. */
  | { type: "agreed"; uid: string }
  /** `chance`: in [0, 1), for the back-off. */
  | { type: "refused"; uid: string; refusal: EvictionRefusal; retryAfterMs: number; chance: number }
  /** All budgets of a namespace that is watched; undefined while a change of them may go unseen. */
  | { type: "budgets"; namespace: string; budgets: readonly Budget[] | undefined }
  | { type: "attached"; volumes: readonly string[] }
  /** These claims are waited for no longer. */
  | { type: "detached"; claims: readonly string[] }
  /** The pods cannot be listed or watched, or what is asked for each of them is not answered: for now, or for good. */
  | { type: "troubled"; code: ApiErrorCode; why: string }
  /** The server shows them again. */
  | { type: "watching" }
  /** The time of a `wait` has come. */
  | { type: "time" }
  | { type: "broke"; why: string };

export type DrainRequest =
  | { do: "evict"; pod: Pod }
  | { do: "delete"; pod: Pod }
  /** Tell the budgets of this namespace, and whenever they change, or no longer. */
  | { do: "watch" | "unwatch"; namespace: string }
  /** Wait for the volumes of these claims, "namespace/name", until then; in milliseconds of `clock.elapsed()`. */
  | { do: "detach"; claims: readonly string[]; until: number }
  /** Tell when this moment of `clock.elapsed()` has come. */
  | { do: "wait"; until: number }
  | { do: "report"; what: "asked" | "left"; pod: Pod; reasons: readonly PodReason[] }
  | { do: "report"; what: "refused"; pod: Pod; why: string }
  /** The state is another one, or what there is to say of it. */
  | { do: "notify" };

/** A pod that has to go and is still there. */
interface Entry {
  pod: Pod;
  maker: string;
  reasons: readonly PodReason[];
  isAsked: boolean;
  request: Request;
  /** Why it did not go when it was last asked. */
  refused: EvictionRefusal | undefined;
}

type Request = {
  /** How often it was asked. */
  attempt: number;
  /** The server has failed for it: it waits for its turn among those. */
  isInLine?: true;
} & (
  | {
      is: "due";
      at: number;
      /** Then it waits for no turn, and for no pause, and counts as never asked. */
      anewAt?: number;
      /** A budget keeps it. */
      held?: Held;
    }
  /** `openings`: see {@link Held}. */
  | { is: "sent"; by: "evict" | "delete"; openings?: number }
  /** The server has agreed. That is believed for a time. */
  | { is: "agreed"; at: number }
);

/** What a pod that a budget keeps waits for; moments are of `clock.elapsed()`. */
interface Held {
  /** In [0, 1), for its back-offs. */
  chance: number;
  /** When it is asked for though the budget shows no change. */
  netAt: number;
  /** The change of the budgets that was known when it was refused: only a later one opens its way. */
  change: number;
  /** How often in a row the server has refused it though its budget had opened. */
  openings: number;
  /** Not before, however often the budget opens. */
  restsUntil: number;
  /** Its budget has opened: then it is asked for. */
  openAt?: number;
}

/** The budgets of a namespace, and how often in this drain they were other ones. */
interface View {
  budgets: readonly Budget[] | undefined;
  change: number;
}

/** What a drain knows of a controller, or of whatever else makes pods on this node. */
interface Maker {
  /** When the first of its pods was evicted here, by the server's clock; milliseconds since the epoch. */
  evictedAt: number | undefined;
  /** How many of its pods came after the list and were evicted all the same, and when the next one may be. */
  late: number;
  lateAt: number;
  /** How many of its pods were said to stay. */
  told: number;
}

export interface Progress {
  readonly rules: DrainRules;
  /** The drain began with the cordon, so that what it finds at first was there before. */
  readonly isFresh: boolean;
  readonly isListed: boolean;
  /** By UID. */
  readonly pods: ReadonlyMap<string, Entry>;
  /** Of these, the ones that are to be asked, now or later. */
  readonly due: ReadonlySet<string>;
  /** How many pods budgets keep, by namespace. */
  readonly held: ReadonlyMap<string, number>;
  /** The namespaces of these that are watched. */
  readonly watched: ReadonlyMap<string, View>;
  /** How many are being asked, and how many of them after a turn in the line. */
  readonly underWay: number;
  readonly lineUnderWay: number;
  /**
   * Pods that the server has failed for stand in one line, with one back-off: one is asked for at a time, however many they are, and
   * the first that the server answers for lets all others go on.
   */
  readonly line: { failures: number; nextAt: number };
  /** How many there are to wait for, by tier. What has finished loses nothing, whatever holds it. */
  readonly awaited: readonly number[];
  /** UIDs of pods that go down with the machine. */
  readonly left: ReadonlySet<string>;
  readonly makers: ReadonlyMap<string, Maker>;
  /** What the pods use, "namespace/name", and whether those that go are its only users here. */
  readonly claims: ReadonlyMap<string, boolean>;
  /** When the last pod came that has to go; in milliseconds of `clock.elapsed()`. */
  readonly newestAt: number;
  readonly isDetaching: boolean;
  readonly attached: readonly string[];
  /** Since when nothing is left to wait for. */
  readonly emptyAt: number | undefined;
  /** Why the pods cannot be seen, and since when for the same reason; in milliseconds of `clock.elapsed()`. */
  readonly trouble: { code: ApiErrorCode; why: string; since: number } | undefined;
  /** What was last said of it, and when; in milliseconds of `clock.elapsed()`. */
  readonly said: { words: string; at: number };
  /** Why it cannot go on; nothing is done any more. */
  readonly failed: { why: string; isBlind?: true } | undefined;
}

/** What a step works on: what most steps change is a copy of its own, the rest is copied when it is changed. */
type Draft = { -readonly [K in keyof Progress]: Progress[K] } & {
  pods: Map<string, Entry>;
  due: Set<string>;
};

/** A budget changes at any time. A server in trouble is not to have all pods of all drains asked for again and again. */
const retry = { budget: { firstMs: 1000, maxMs: 40_000 }, line: { firstMs: 1000, maxMs: 2 * 60_000 } };
/**
 * Where a watch shows the budget: it is asked for when the budget opens, after a moment in which another node may have been faster, and
 * rests for a while where that was so; and rarely all the same.
 */
const watched = { namespacesMax: 4, netMs: 5 * 60_000, spreadMs: 500, firstMs: 1000, maxMs: 10_000 };
/** A pod that does not end though the server has agreed, as after a restore of its storage, is asked again. */
const agreedTrustMs = 60_000;
/** A drain that begins so soon after the cordon has not been interrupted by a restart of the daemon. */
const freshMs = 10_000;
/** Pods that were bound before the cordon and are seen late are a few; more of one controller are evicted slowly, and then no more. */
const late = { max: 8, firstMs: 1000, maxMs: 30_000 };
/** How many of the pods that are left, or of those that one controller puts back, are told of. */
const toldMax = 10;
/** Of the pods that are left so many are named where they are counted, each with so much of its reason. */
const named = { podsMax: 5, whyMaxChars: 400 };
/** What the server says for so long it will go on saying: a right that is missing, and a token that nobody renews. */
const lastingMs: Readonly<Partial<Record<ApiErrorCode, number>>> = {
  forbidden: 30_000,
  unauthorized: 3 * 60_000,
};

export function beginDrain(rules: DrainRules, now: Moment): Progress {
  return {
    rules,
    isFresh: now.epoch - rules.cordonedAt < freshMs,
    isListed: false,
    pods: new Map(),
    due: new Set(),
    held: new Map(),
    watched: new Map(),
    underWay: 0,
    lineUnderWay: 0,
    line: { failures: 0, nextAt: 0 },
    awaited: [0, 0, 0],
    left: new Set(),
    makers: new Map(),
    claims: new Map(),
    newestAt: now.elapsed,
    isDetaching: false,
    attached: [],
    emptyAt: undefined,
    trouble: undefined,
    said: { words: "", at: now.elapsed },
    failed: undefined,
  };
}

export function step(
  before: Progress,
  event: DrainEvent,
  now: Moment,
): { progress: Progress; requests: readonly DrainRequest[] } {
  if (before.failed !== undefined) return { progress: before, requests: [] };
  const draft: Draft = {
    ...before,
    pods: new Map(before.pods),
    due: new Set(before.due),
  };
  const requests = takeIn(draft, event, now);
  if (draft.failed === undefined) requests.push(...follow(draft, now));
  requests.push(...speak(draft, kindOf(draft) !== kindOf(before), now));
  return { progress: draft, requests };
}

/** At once where the state is another one, else not too often. Something happens at least with each list, so that it needs no alarm. */
function speak(draft: Draft, isNews: boolean, now: Moment): DrainRequest[] {
  const { said, rules } = draft;
  if (!isNews && now.elapsed < said.at + reportAgainMs(now.epoch - rules.cordonedAt)) return [];
  const words = JSON.stringify(stateOf(draft, now));
  if (words === said.words) return [];
  draft.said = { words, at: now.elapsed };
  return [{ do: "notify" }];
}

/** How far it is. */
export function stateOf(progress: Progress, now: Moment): DrainState {
  const kind = kindOf(progress);
  switch (kind) {
    case "failed":
      return { state: kind, why: "", ...progress.failed };
    case "done":
      return { state: kind, at: progress.emptyAt ?? now.elapsed };
    case "detaching":
      return { state: kind, volumes: progress.attached };
    case "running":
      return running(progress, now);
    default:
      return kind satisfies never;
  }
}

function running({ pods, isListed, trouble, rules }: Progress, now: Moment): Running {
  const leftMs = rules.deadline - now.elapsed;
  const drainMs = leftMs + now.epoch - rules.cordonedAt;
  const left: Partial<Record<LeftCode, number>> = {};
  const blocked: string[] = [];
  let slowest = Number.POSITIVE_INFINITY;
  const waited = [...pods.values()]
    .filter(({ pod }) => !isFinished(pod))
    .sort((a, b) => tierOf(a.pod) - tierOf(b.pod));
  for (const { pod, isAsked, refused } of waited) {
    const { code, why } = whyStillThere(pod, { isAsked, refused, now: now.epoch, leftMs });
    left[code] = (left[code] ?? 0) + 1;
    if (blocked.length < named.podsMax) blocked.push(`${podKey(pod)}: ${shortLine(why, named.whyMaxChars)}`);
    const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata ?? {};
    const isInGrace = deletionTimestamp !== undefined && Date.parse(deletionTimestamp) > now.epoch;
    if (isInGrace && deletionGracePeriodSeconds * 1000 > drainMs) {
      slowest = Math.min(slowest, deletionGracePeriodSeconds);
    }
  }
  return {
    state: "running",
    isListed,
    podsLeft: waited.length,
    left,
    blocked,
    trouble: trouble?.why,
    slowGraceSeconds: Number.isFinite(slowest) ? slowest : undefined,
  };
}

export function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? podKey(pod);
}

function kindOf(progress: Progress): Exclude<DrainState["state"], "none"> {
  if (progress.failed !== undefined) return "failed";
  if (progress.emptyAt !== undefined) return "done";
  return progress.attached.length > 0 && awaitedTier(progress) < 0 ? "detaching" : "running";
}

/** The lowest tier of those that have to be gone before the drain ends; -1 where there are none. */
function awaitedTier({ awaited }: Progress): number {
  return awaited.findIndex((count) => count > 0);
}

function takeIn(draft: Draft, event: DrainEvent, now: Moment): DrainRequest[] {
  switch (event.type) {
    case "listed":
      return onListed(draft, event.pods, now);
    case "seen":
      return onSeen(draft, event, now);
    case "gone":
      onGone(draft, uidOf(event.pod), event.pod);
      return [];
    case "agreed":
      onAnswered(draft, event.uid);
      change(draft, event.uid, ({ request }) => ({
        request: { is: "agreed", at: now.elapsed, attempt: request.attempt },
        refused: undefined,
      }));
      reconsider(draft, namespaceOf(draft.pods.get(event.uid)?.pod), now);
      return [];
    case "refused":
      return onRefused(draft, event, now);
    case "budgets":
      onBudgets(draft, event, now);
      return [];
    case "attached":
      draft.attached = event.volumes;
      return [];
    case "detached":
      draft.isDetaching = false;
      draft.attached = [];
      draft.claims = new Map([...draft.claims].filter(([claim]) => !event.claims.includes(claim)));
      return [];
    case "troubled":
      onTroubled(draft, event, now);
      return [];
    case "watching":
      draft.trouble = undefined;
      return [];
    case "time":
      return [];
    case "broke":
      draft.failed = { why: event.why };
      return [];
    default:
      return event satisfies never;
  }
}

/** What is lasting ends a drain that has something to wait for: it would only see at its deadline what is known now. */
function onTroubled(
  draft: Draft,
  { code, why }: Extract<DrainEvent, { type: "troubled" }>,
  now: Moment,
): void {
  const since = draft.trouble?.code === code ? draft.trouble.since : now.elapsed;
  draft.trouble = { code, why, since };
  const isLasting = now.elapsed - since >= (lastingMs[code] ?? Number.POSITIVE_INFINITY);
  if (isLasting && kindOf(draft) === "running") draft.failed = { why: blindText(why), isBlind: true };
}

function blindText(why: string): string {
  return `the pods of this node cannot be seen: ${shortLine(why, named.whyMaxChars)}`;
}

/** All verdicts come before the first eviction, so that a drain that is refused takes no pod. */
function onListed(draft: Draft, all: readonly Judged[], now: Moment): DrainRequest[] {
  const listed = new Set(all.map(({ pod }) => uidOf(pod)));
  for (const uid of [...draft.pods.keys(), ...draft.left]) if (!listed.has(uid)) onGone(draft, uid);
  const refusals = all.filter((one) => one.verdict.do === "refuse" && whyItStays(draft, one) === undefined);
  if (refusals.length > 0) {
    draft.failed = { why: refusalText(refusals) };
    return [];
  }
  const requests = all.flatMap((one) => onSeen(draft, one, now));
  draft.isListed = true;
  draft.trouble = undefined;
  return requests;
}

function onSeen(draft: Draft, one: Judged, now: Moment): DrainRequest[] {
  const { pod, verdict, claims, maker } = one;
  const uid = uidOf(pod);
  const stays = verdict.do === "leave" ? verdict.reasons : whyItStays(draft, one);
  for (const claim of claims) {
    const isFree = stays === undefined && draft.claims.get(claim) !== false;
    if (draft.claims.get(claim) !== isFree) draft.claims = new Map(draft.claims).set(claim, isFree);
  }
  if (stays !== undefined) return stay(draft, one, stays);
  if (verdict.do === "refuse") {
    draft.failed = { why: refusalText([one]) };
    return [];
  }
  const known = draft.pods.get(uid);
  put(draft, uid, {
    maker,
    reasons: verdict.reasons,
    isAsked: false,
    request: { is: "due", at: known === undefined ? dueAtOf(draft, maker, now) : now.elapsed, attempt: 0 },
    refused: undefined,
    ...known,
    pod,
  });
  if (known === undefined) draft.newestAt = now.elapsed;
  // What is not Ready may go where others may not.
  if (known?.request.is === "due" && known.request.held) reconsider(draft, namespaceOf(pod), now);
  noteEviction(draft, uid, pod);
  return [];
}

/**
 * A pod that whoever made it would put back again and again is not evicted, whatever the cordon was for: it was made after one like it
 * was evicted here, or after a cordon that does not keep it away. Those that were there before are evicted once.
 */
function whyItStays(draft: Draft, { pod, maker, tie, createdAt }: Judged): readonly PodReason[] | undefined {
  const isFirst = !draft.isListed && draft.isFresh;
  if (draft.pods.has(uidOf(pod)) || isFirst) return undefined;
  const { evictedAt, late: evictedLate = 0 } = draft.makers.get(maker) ?? {};
  const isBack = evictedAt !== undefined && !(createdAt < evictedAt);
  if (isBack || evictedLate >= late.max || draft.left.has(uidOf(pod))) return ["came-back", "goes-down"];
  if (tie !== undefined && createdAt >= wholeSecond(draft.rules.cordonedAtByServer))
    return [tie, "goes-down"];
  return undefined;
}

/** As the server writes times. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function stay(draft: Draft, { pod, maker }: Judged, reasons: readonly PodReason[]): DrainRequest[] {
  const uid = uidOf(pod);
  put(draft, uid, undefined);
  if (!reasons.includes("goes-down") || draft.left.has(uid)) return [];
  draft.left = new Set(draft.left).add(uid);
  const known = makerIn(draft, maker);
  setMaker(draft, maker, { ...known, told: known.told + 1 });
  return known.told < toldMax ? [{ do: "report", what: "left", pod, reasons }] : [];
}

/** When a pod is evicted that was not among those listed at first: one like it after the other. */
function dueAtOf(draft: Draft, maker: string, now: Moment): number {
  if (!draft.isListed) return now.elapsed;
  const known = makerIn(draft, maker);
  const at = Math.max(now.elapsed, known.lateAt);
  const times = known.late + 1;
  setMaker(draft, maker, { ...known, late: times, lateAt: at + backoffMs(times, late, () => 0) });
  return at;
}

/** `pod`: as it was last seen by the server, where that is known. */
function onGone(draft: Draft, uid: string, pod?: Pod): void {
  noteEviction(draft, uid, pod, "gone");
  put(draft, uid, undefined);
  if (draft.left.has(uid)) draft.left = new Set([...draft.left].filter((other) => other !== uid));
}

/** The server notes when the grace of an evicted pod ends. Where that was not seen, whatever its maker puts here has come back. */
function noteEviction(draft: Draft, uid: string, pod: Pod | undefined, end?: "gone"): void {
  const entry = draft.pods.get(uid);
  if (entry === undefined || !entry.isAsked) return;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = { ...entry.pod.metadata, ...pod?.metadata };
  if (deletionTimestamp === undefined && end === undefined) return;
  const endsAt = deletionTimestamp === undefined ? 0 : Date.parse(deletionTimestamp);
  const known = makerIn(draft, entry.maker);
  if (known.evictedAt !== undefined) return;
  setMaker(draft, entry.maker, { ...known, evictedAt: endsAt - deletionGracePeriodSeconds * 1000 });
}

function setMaker(draft: Draft, maker: string, known: Maker): void {
  draft.makers = new Map(draft.makers).set(maker, known);
}

function makerIn({ makers }: Draft, maker: string): Maker {
  return makers.get(maker) ?? { evictedAt: undefined, late: 0, lateAt: 0, told: 0 };
}

function onRefused(
  draft: Draft,
  { uid, refusal, retryAfterMs, chance }: Extract<DrainEvent, { type: "refused" }>,
  now: Moment,
): DrainRequest[] {
  const entry = draft.pods.get(uid);
  if (entry === undefined) return [];
  const { attempt, isInLine } = entry.request;
  const wasEvicted = entry.request.is === "sent" && entry.request.by === "evict";
  // To delete is another request: what was said of the eviction does not hold it up.
  const anew = wasEvicted && Number.isFinite(draft.rules.deleteAt) ? { anewAt: draft.rules.deleteAt } : {};
  if (refusal.by === "rights" && attempt >= rightsTriesMax && !hasLaterStep(draft.rules, wasEvicted)) {
    draft.failed = { why: `the node cannot be drained: ${podKey(entry.pod)} ${whyRefused(refusal)}` };
    return [];
  }
  const isTrouble = refusal.by === "server" || refusal.by === "webhook-down";
  let at = now.elapsed + retryAfterMs;
  if (isTrouble) {
    const failures = isInLine ? draft.line.failures + 1 : Math.max(draft.line.failures, 1);
    const nextAt = now.elapsed + backoffMs(failures, retry.line, () => chance);
    if (isInLine || draft.line.failures === 0) draft.line = { failures, nextAt };
  } else {
    onAnswered(draft, uid);
    at = Math.max(at, now.elapsed + backoffMs(attempt, retry.budget, () => chance));
  }
  const line = isTrouble ? { isInLine: true as const } : {};
  const namespace = namespaceOf(entry.pod);
  const held = wasEvicted && isByBudget(refusal) ? { held: heldNow(draft, entry, chance, now) } : {};
  put(draft, uid, {
    ...entry,
    request: { is: "due", at, attempt, ...anew, ...line, ...held },
    refused: refusal,
  });
  reconsider(draft, namespace, now);
  return [{ do: "report", what: "refused", pod: entry.pod, why: refusal.why }];
}

/** What the daemon may not do now it may do in a moment only where the server has just started. */
const rightsTriesMax = 4;

function hasLaterStep({ rebootAnyway = false, deleteAt }: DrainRules, wasEvicted: boolean): boolean {
  return rebootAnyway || (wasEvicted && Number.isFinite(deleteAt));
}

function isByBudget(refusal: EvictionRefusal | undefined): boolean {
  return refusal?.by === "budget" || refusal?.by === "explained";
}

function namespaceOf(pod: Pod | undefined): string {
  return pod?.metadata?.namespace ?? "";
}

function heldNow({ watched: views }: Draft, { pod, request }: Entry, chance: number, now: Moment): Held {
  const openings = request.is === "sent" ? (request.openings ?? 0) : 0;
  return {
    chance,
    netAt: now.elapsed + backoffMs(1, { firstMs: watched.netMs, maxMs: watched.netMs }, () => chance),
    change: views.get(namespaceOf(pod))?.change ?? 0,
    openings,
    restsUntil: openings === 0 ? 0 : now.elapsed + backoffMs(openings, watched, () => chance),
  };
}

function onBudgets(
  draft: Draft,
  { namespace, budgets }: Extract<DrainEvent, { type: "budgets" }>,
  now: Moment,
): void {
  const before = draft.watched.get(namespace);
  if (before === undefined) return;
  draft.watched = new Map(draft.watched).set(namespace, { budgets, change: before.change + 1 });
  reconsider(draft, namespace, now);
  if (budgets !== undefined) return;
  for (const { uid, entry, request, held } of heldIn(draft, namespace)) {
    const { openAt: _, ...rest } = held;
    const at = now.elapsed + backoffMs(Math.max(request.attempt, 1), retry.budget, () => held.chance);
    put(draft, uid, { ...entry, request: { ...request, at, held: rest } });
  }
}

/**
 * As many pods as their budget lets go are asked for; the others wait until it shows another change. Of several pods the first ones
 * go. What is under way is taken to have used a disruption up that the budget still shows.
 */
function reconsider(draft: Draft, namespace: string, now: Moment): void {
  const view = draft.watched.get(namespace);
  if (view?.budgets === undefined) return;
  const { budgets, change } = view;
  const left = new Map(budgets.map((budget) => [nameOf(budget), budget.status?.disruptionsAllowed ?? 0]));
  const take = (budget: Budget) => {
    const before = left.get(nameOf(budget)) ?? 0;
    left.set(nameOf(budget), before - 1);
    return before > 0;
  };
  for (const { pod, request } of draft.pods.values()) {
    if (request.is === "sent" && namespaceOf(pod) === namespace) budgetsOver(pod, budgets).forEach(take);
  }
  const all = heldIn(draft, namespace);
  for (const { uid, entry, request, held } of [
    ...all.filter(({ held }) => held.openAt !== undefined),
    ...all.filter(({ held }) => held.openAt === undefined),
  ]) {
    const { openAt, ...rest } = held;
    const { refused, charges } = judgeBudgets(entry.pod, budgets, draft.rules.budgetFacts);
    if (refused === undefined && change <= held.change) continue;
    const isOpen = refused === undefined && (charges === undefined || take(charges));
    const opensAt = openAt ?? Math.max(now.elapsed + held.chance * watched.spreadMs, held.restsUntil);
    put(draft, uid, {
      ...entry,
      request: isOpen
        ? { ...request, at: opensAt, held: { ...rest, openAt: opensAt } }
        : { ...request, at: held.netAt, held: rest },
      // So that what is said of it is how things are now.
      refused: refused === undefined ? entry.refused : { by: "explained", why: refused.message },
    });
  }
}

function heldIn(draft: Draft, namespace: string) {
  return [...draft.due].flatMap((uid) => {
    const entry = draft.pods.get(uid);
    if (entry === undefined || entry.request.is !== "due" || namespaceOf(entry.pod) !== namespace) return [];
    const { request } = entry;
    return request.held === undefined ? [] : [{ uid, entry, request, held: request.held }];
  });
}

/** Only those that keep a pod are watched, and only so many. */
function watchBudgets(draft: Draft): DrainRequest[] {
  const requests: DrainRequest[] = [];
  for (const namespace of draft.watched.keys()) {
    if (draft.held.has(namespace)) continue;
    draft.watched = new Map([...draft.watched].filter(([other]) => other !== namespace));
    requests.push({ do: "unwatch", namespace });
  }
  for (const namespace of draft.held.keys()) {
    if (draft.watched.size >= watched.namespacesMax) break;
    if (draft.watched.has(namespace)) continue;
    draft.watched = new Map(draft.watched).set(namespace, { budgets: undefined, change: 0 });
    requests.push({ do: "watch", namespace });
  }
  return requests;
}

/** The server has answered for a pod that stood in the line: all others may go on. */
function onAnswered(draft: Draft, uid: string): void {
  if (draft.pods.get(uid)?.request.isInLine) draft.line = { failures: 0, nextAt: 0 };
}

function change(draft: Draft, uid: string, to: (entry: Entry) => Partial<Entry>): void {
  const entry = draft.pods.get(uid);
  if (entry !== undefined) put(draft, uid, { ...entry, ...to(entry) });
}

/** The one place where an entry changes, so that what is counted agrees with what is there. */
function put(draft: Draft, uid: string, entry: Entry | undefined): void {
  const before = draft.pods.get(uid);
  if (before !== undefined) count(draft, before, -1);
  if (entry !== undefined) count(draft, entry, 1);
  if (entry === undefined) draft.pods.delete(uid);
  else draft.pods.set(uid, entry);
  const isDue = entry?.request.is !== "sent" && entry?.pod.metadata?.deletionTimestamp === undefined;
  if (entry !== undefined && isDue) draft.due.add(uid);
  else draft.due.delete(uid);
}

function count(draft: Draft, { pod, request, refused }: Entry, by: 1 | -1): void {
  if (isByBudget(refused) && pod.metadata?.deletionTimestamp === undefined) {
    const namespace = namespaceOf(pod);
    const held = new Map(draft.held).set(namespace, (draft.held.get(namespace) ?? 0) + by);
    if (held.get(namespace) === 0) held.delete(namespace);
    draft.held = held;
  }
  if (request.is === "sent") draft.underWay += by;
  if (request.is === "sent" && request.isInLine) draft.lineUnderWay += by;
  if (isFinished(pod)) return;
  const tier = tierOf(pod);
  draft.awaited = draft.awaited.with(tier, (draft.awaited[tier] ?? 0) + by);
}

/** What is to be done now, whatever has led here; and until when there is nothing more to do. */
function follow(draft: Draft, now: Moment): DrainRequest[] {
  const skipAt = dropLongDeleted(draft, now);
  if (!draft.isListed) return [];
  const { requests, dueAt } = askDue(draft, now);
  requests.push(...watchBudgets(draft));
  const { request, quietAt } = end(draft, now);
  const until = Math.min(skipAt, dueAt, quietAt);
  if (request !== undefined) requests.push(request);
  if (Number.isFinite(until)) requests.push({ do: "wait", until });
  return requests;
}

/** The deletion timestamp is the time at which the grace ends. Answers when the next one has had its time. */
function dropLongDeleted(draft: Draft, now: Moment): number {
  const { skipWaitForDeleteMs } = draft.rules;
  let nextAt = Number.POSITIVE_INFINITY;
  if (skipWaitForDeleteMs === 0) return nextAt;
  for (const [uid, { pod }] of draft.pods) {
    const since = pod.metadata?.deletionTimestamp;
    if (since === undefined) continue;
    const leftMs = Date.parse(since) + skipWaitForDeleteMs + 1 - now.epoch;
    if (leftMs <= 0) put(draft, uid, undefined);
    else nextAt = Math.min(nextAt, now.elapsed + leftMs);
  }
  return nextAt;
}

/** Asks those whose time has come, as many as may be asked at a time. Pods of a lower tier have to be gone before others are. */
function askDue(draft: Draft, now: Moment): { requests: DrainRequest[]; dueAt: number } {
  const requests: DrainRequest[] = [];
  const tier = awaitedTier(draft);
  let dueAt = Number.POSITIVE_INFINITY;
  for (const uid of draft.due) {
    // An answer makes room for the next.
    if (draft.underWay >= draft.rules.parallelism) break;
    const entry = draft.pods.get(uid);
    if (
      entry === undefined ||
      entry.request.is === "sent" ||
      (tierOf(entry.pod) !== tier && !isFinished(entry.pod))
    )
      continue;
    const { pod, request, isAsked, reasons } = entry;
    const { at, isAnew } = turnOf(request, draft);
    if (at > now.elapsed) {
      dueAt = Math.min(dueAt, at);
      continue;
    }
    const by = now.elapsed < draft.rules.deleteAt ? "evict" : "delete";
    const { isInLine } = request;
    const attempt = isAnew ? 1 : request.attempt + 1;
    put(draft, uid, {
      ...entry,
      isAsked: true,
      request: { is: "sent", by, attempt, ...openingsOf(request), ...(isInLine && !isAnew && { isInLine }) },
    });
    if (!isAsked) requests.push({ do: "report", what: "asked", pod, reasons });
    requests.push({ do: by, pod });
  }
  return { requests, dueAt };
}

function openingsOf(request: Entry["request"]): { openings?: number } {
  const held = request.is === "due" ? request.held : undefined;
  return held?.openAt === undefined ? {} : { openings: held.openings + 1 };
}

/** When a pod may be asked, in milliseconds of `clock.elapsed()`. */
function turnOf(
  request: Exclude<Request, { is: "sent" }>,
  { line, lineUnderWay }: Draft,
): { at: number; isAnew: boolean } {
  if (request.is === "agreed") return { at: request.at + agreedTrustMs, isAnew: false };
  const { at, isInLine, anewAt = Number.POSITIVE_INFINITY } = request;
  const waits = isInLine && line.failures > 0;
  const turnAt = !waits ? at : lineUnderWay > 0 ? Number.POSITIVE_INFINITY : Math.max(at, line.nextAt);
  return { at: Math.min(turnAt, anewAt), isAnew: anewAt <= turnAt };
}

/** It ends when nobody is left and none has come for a while, and their volumes are detached; it goes on for who comes then. */
function end(draft: Draft, now: Moment): { request?: DrainRequest; quietAt: number } {
  const never = { quietAt: Number.POSITIVE_INFINITY };
  if (awaitedTier(draft) >= 0) {
    draft.emptyAt = undefined;
    return never;
  }
  if (draft.isDetaching || draft.emptyAt !== undefined) return never;
  const quietAt = draft.newestAt + quietMs;
  if (now.elapsed < quietAt) return { quietAt };
  const claims = [...draft.claims].filter(([, isFree]) => isFree).map(([claim]) => claim);
  const { volumeTimeoutMs } = draft.rules;
  if (claims.length > 0 && volumeTimeoutMs > 0) {
    draft.isDetaching = true;
    return { ...never, request: { do: "detach", claims, until: now.elapsed + volumeTimeoutMs } };
  }
  draft.emptyAt = now.elapsed;
  return never;
}

function refusalText(refusals: readonly Judged[]): string {
  const told = refusals
    .slice(0, toldMax)
    .map(({ pod, verdict }) => `${podKey(pod)} ${reasonsText(verdict.reasons)}`);
  const more = refusals.length > toldMax ? `; and ${refusals.length - toldMax} more` : "";
  return `the node cannot be drained: ${told.join("; ")}${more}`;
}
