/** The course of a drain: events come in, requests go out. Pure: it neither waits nor sends anything. */

import type { ApiErrorCode } from "../../cluster/api.ts";
import type { EvictionRefusal } from "../evict.ts";
import { podKey, tierOf } from "../select.ts";
import { type DrainState, reportPauseMs } from "../state.ts";
import { whyRefused } from "../stuck.ts";
import { onBudgets, openWhereAllowed, watchKeeping } from "./budget-watch.ts";
import { endWhereEmpty, onDetached, skipLongDeleted, withClaims } from "./emptying.ts";
import {
  type DrainEvent,
  type DrainEventOf,
  type DrainRequest,
  type Instant,
  type Judged,
  namespaceOf,
  uidOf,
} from "./events.ts";
import { type Change, changed, emptyLedger, type Ledger } from "./ledger.ts";
import { type Makers, noteEviction, noteLate, noteStay, whyItStays, withoutStaying } from "./makers.ts";
import type { Progress } from "./progress.ts";
import { isHopeless, onAgreed, onRefused, requestDue } from "./requests.ts";
import { blindText, kindOf, refusalText, stateOf } from "./summary.ts";
import { firstRequest, onSurge } from "./surges.ts";

export interface Step {
  progress: Progress;
  requests: readonly DrainRequest[];
}

/** An answer that lasts this long will go on: a right that is missing, and a token that nobody renews. */
const lastingMs: Readonly<Partial<Record<ApiErrorCode, number>>> = {
  forbidden: 30_000,
  unauthorized: 3 * 60_000,
};

export function step(before: Progress, event: DrainEvent, now: Instant): Step {
  if (before.failed !== undefined) return { progress: before, requests: [] };
  const accepted = accept(before, event, now);
  const followed = followUp(accepted.progress, now);
  const reported = report(followed.progress, kindOf(followed.progress) !== kindOf(before), now);
  return {
    progress: reported.progress,
    requests: [...accepted.requests, ...followed.requests, ...reported.requests],
  };
}

function accept(progress: Progress, event: DrainEvent, now: Instant): Step {
  switch (event.type) {
    case "listed":
      return onListed(progress, event.pods, now);
    case "seen":
      return onSeen(progress, [event], now);
    case "gone":
      return silent(onGone(progress, [[uidOf(event.pod), event]]));
    case "agreed": {
      const { pod } = progress.ledger.pods.get(event.uid) ?? {};
      const ledger = onAgreed(progress.ledger, event.uid, now);
      return silent(openIn({ ...progress, ledger }, [namespaceOf(pod)], now));
    }
    case "refused":
      return onRefusal(progress, event, now);
    case "surge": {
      const { ledger, requests } = onSurge(progress.ledger, event, now);
      return { progress: { ...progress, ledger }, requests };
    }
    case "budgets": {
      const { ledger, budgets: views, rules } = progress;
      const next = onBudgets({ ledger, views }, event, rules.budgetFacts, now);
      return silent({ ...progress, ledger: next.ledger, budgets: next.views });
    }
    case "attached":
      return silent({ ...progress, emptying: { ...progress.emptying, attached: event.volumes } });
    case "detached":
      return silent({ ...progress, emptying: onDetached(progress.emptying, event) });
    case "troubled":
      return silent(onTroubled(progress, event, now));
    case "watching":
      return silent({ ...progress, trouble: undefined, ledger: lineAfter(progress) });
    case "time":
      return silent(progress);
    case "broke":
      return silent({ ...progress, failed: { why: event.why } });
    default:
      return event satisfies never;
  }
}

/** A server that has answered nothing, and answers again, is asked for all pods at once. */
function lineAfter({ trouble, ledger }: Progress): Ledger {
  const wasAway = trouble?.code === "unreachable" || trouble?.code === "deadline";
  return wasAway ? { ...ledger, line: emptyLedger.line } : ledger;
}

function silent(progress: Progress): Step {
  return { progress, requests: [] };
}

/** The requests that are due now, whatever has led here, and when there is more to do. */
function followUp(progress: Progress, now: Instant): Step {
  if (progress.failed !== undefined) return silent(progress);
  const { rules } = progress;
  const skipped = skipLongDeleted(progress.ledger, rules, now);
  if (!progress.isListed) return silent({ ...progress, ledger: skipped.ledger });
  const end = endWhereEmpty(progress.emptying, skipped.ledger, rules, now);
  const due = requestDue(skipped.ledger, progress.budgets, rules, end.emptying.mayStop, now);
  const watches = watchKeeping(due.ledger, progress.budgets);
  const until = Math.min(skipped.nextAt, due.nextAt, end.nextAt);
  const wait: DrainRequest[] = Number.isFinite(until) ? [{ do: "wait", until }] : [];
  return {
    progress: { ...progress, ledger: due.ledger, budgets: watches.views, emptying: end.emptying },
    requests: [...due.requests, ...watches.requests, ...end.requests, ...wait],
  };
}

/**
 * At once where the state has changed, else after a pause. Something happens at least with each list, so that
 * the end of the pause needs no alarm.
 */
function report(progress: Progress, isNews: boolean, now: Instant): Step {
  const { reported, rules } = progress;
  const isPause = now.elapsed < reported.at + reportPauseMs(now.epoch - rules.cordonedAt);
  const known = asKnown(progress, stateOf(progress, now));
  const isDelayNews = known.reported.isDelayed && !reported.isDelayed;
  if (!isNews && !isDelayNews && isPause) return silent(progress);
  if (known.reported.text === reported.text) return silent(progress);
  return {
    progress: { ...known, reported: { ...known.reported, at: now.elapsed } },
    requests: [{ do: "notify" }],
  };
}

/** The progress once the caller knows the state. */
export function asKnown(progress: Progress, state: DrainState): Progress {
  const isDelayed = state.state === "running" && state.heldUp.length > 0;
  const text = JSON.stringify(state);
  return { ...progress, reported: { ...progress.reported, text, isDelayed } };
}

/** All verdicts come before the first eviction, so that a drain that is refused takes no pod. */
function onListed(progress: Progress, pods: readonly Judged[], now: Instant): Step {
  const listed = new Set(pods.map(({ pod }) => uidOf(pod)));
  const known = [...progress.ledger.pods.keys(), ...progress.makers.staying];
  const missing = known.filter((uid) => !listed.has(uid));
  const rest = onGone(
    progress,
    missing.map((uid) => [uid, {}]),
  );
  const refusals = pods.filter(
    (one) => one.verdict.do === "refuse" && whyLeft(rest, rest.makers, one) === undefined,
  );
  if (refusals.length > 0) return silent({ ...rest, failed: { why: refusalText(refusals) } });
  const { progress: next, requests } = onSeen(rest, pods, now);
  return { progress: { ...next, isListed: true, trouble: undefined }, requests };
}

/** Pods as they are now, which the progress knows or not. */
function onSeen(progress: Progress, pods: readonly Judged[], now: Instant): Step {
  let { makers, emptying } = progress;
  const changes: Change[] = [];
  const requests: DrainRequest[] = [];
  const uses: { claims: readonly string[]; goes: boolean }[] = [];
  const reopened = new Set<string>();
  for (const one of pods) {
    const { pod, verdict, claims, maker } = one;
    const uid = uidOf(pod);
    const stays = whyLeft(progress, makers, one);
    uses.push({ claims, goes: stays === undefined && verdict.do !== "stop" });
    if (stays !== undefined) {
      const noted = noteStay(makers, one, stays);
      makers = noted.makers;
      requests.push(...noted.requests);
      changes.push([uid, undefined]);
      continue;
    }
    if (verdict.do === "refuse") return silent({ ...progress, failed: { why: refusalText([one]) } });
    const known = progress.ledger.pods.get(uid);
    if (known !== undefined) {
      const entry = { ...known, pod };
      changes.push([uid, entry]);
      makers = noteEviction(makers, entry, pod, false);
      // A pod that is not Ready may go where others may not.
      if (known.request.is === "due" && known.request.held) reopened.add(namespaceOf(pod));
      continue;
    }
    const late = progress.isListed ? noteLate(makers, maker, now) : { makers, at: now.elapsed };
    makers = late.makers;
    emptying = { ...emptying, newestAt: now.elapsed };
    const { request, requests: more } = firstRequest(one, late.at, progress.rules, now);
    requests.push(...more);
    const { reasons } = verdict;
    const tier = tierOf(pod, verdict.do);
    changes.push([uid, { pod, maker, tier, reasons, isRequested: false, request, refused: undefined }]);
  }
  const ledger = changed(progress.ledger, changes);
  const seen = { ...progress, ledger, makers, emptying: withClaims(emptying, uses) };
  return { progress: openIn(seen, [...reopened], now), requests };
}

/** Why a pod is not evicted; undefined where it is, or where the drain is refused for it. */
function whyLeft({ rules, ledger, isListed, isFresh }: Progress, makers: Makers, one: Judged) {
  if (one.verdict.do === "leave") return one.verdict.reasons;
  // A pod of a DaemonSet is back at once: a daemon that starts anew must not stop the next one too.
  const isFirst = !isListed && isFresh && one.verdict.do !== "stop";
  if (ledger.pods.has(uidOf(one.pod)) || isFirst) return undefined;
  return whyItStays(makers, one, rules);
}

/** Pods that are no longer there, by UID; `pod`: as the server showed it last, where that is known. */
function onGone(progress: Progress, gone: readonly [uid: string, { pod?: Judged["pod"] }][]): Progress {
  const uids = gone.map(([uid]) => uid);
  let { makers } = progress;
  for (const [uid, { pod }] of gone) {
    const entry = progress.ledger.pods.get(uid);
    if (entry !== undefined) makers = noteEviction(makers, entry, pod, true);
  }
  const ledger = changed(
    progress.ledger,
    uids.map((uid) => [uid, undefined]),
  );
  return { ...progress, ledger, makers: withoutStaying(makers, uids) };
}

/** Budgets of these namespaces may let a pod go that they have kept. */
function openIn(progress: Progress, namespaces: readonly string[], now: Instant): Progress {
  const { budgets, rules } = progress;
  const ledger = namespaces.reduce(
    (before, namespace) => openWhereAllowed(before, budgets, namespace, rules.budgetFacts, now),
    progress.ledger,
  );
  return { ...progress, ledger };
}

function onRefusal(progress: Progress, event: DrainEventOf<"refused">, now: Instant): Step {
  const { ledger, budgets, rules } = progress;
  const { refusal } = event;
  const entry = ledger.pods.get(event.uid);
  if (entry === undefined) return silent(progress);
  const { pod } = entry;
  if (isHopeless(entry, refusal, rules))
    return silent({ ...progress, failed: { why: hopeless(pod, refusal) } });
  const refused = onRefused(ledger, budgets, entry, event, rules, now);
  return {
    progress: openIn({ ...progress, ledger: refused }, [namespaceOf(pod)], now),
    requests: [{ do: "report", what: "refused", pod, why: refusal.why }],
  };
}

function hopeless(pod: Judged["pod"], refusal: EvictionRefusal): string {
  return `the node cannot be drained: ${podKey(pod)} ${whyRefused(refusal)}`;
}

/**
 * A lasting trouble ends a drain that waits for pods: its deadline would show nothing that is not known now.
 */
function onTroubled(progress: Progress, { code, why }: DrainEventOf<"troubled">, now: Instant): Progress {
  const since = progress.trouble?.code === code ? progress.trouble.since : now.elapsed;
  const next = { ...progress, trouble: { code, why, since } };
  const isLasting = now.elapsed - since >= (lastingMs[code] ?? Number.POSITIVE_INFINITY);
  if (!isLasting || kindOf(progress) !== "running") return next;
  return { ...next, failed: { why: blindText(why), isBlind: true } };
}
