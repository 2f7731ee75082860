/** How far a drain is, for the cycle and for people. Pure. */

import { objectName, type Pod } from "../../cluster/objects.ts";
import { firstOf } from "../../text/list.ts";
import { shortLine } from "../../text/one-line.ts";
import { isFinished, podKey, reasonsText, stopTier } from "../select.ts";
import { type DrainState, delayedMs, type HeldUp, type Running } from "../state.ts";
import { isHeldUp, type LeftCode, whyStillThere } from "../stuck.ts";
import type { Instant, Judged } from "./events.ts";
import { awaitsOthers } from "./ledger.ts";
import type { Progress } from "./progress.ts";

/** How many pods are named that have a drain refused. */
const refusalsMax = 10;
/** Limits of the pods that are named beside their count, and of the reason of each. */
const named = { podsMax: 5, heldUpMax: 10, whyMaxChars: 400 };

export function stateOf(progress: Progress, now: Instant): DrainState {
  const kind = kindOf(progress);
  switch (kind) {
    case "failed":
      return { state: kind, why: "", ...progress.failed };
    case "done":
      return { state: kind, at: progress.emptying.emptyAt ?? now.elapsed };
    case "detaching":
      return { state: kind, volumes: progress.emptying.attached };
    case "running":
      return running(progress, now);
    default:
      return kind satisfies never;
  }
}

export function kindOf({ failed, emptying, ledger }: Progress): Exclude<DrainState["state"], "none"> {
  if (failed !== undefined) return "failed";
  if (emptying.emptyAt !== undefined) return "done";
  return emptying.attached.length > 0 && !awaitsOthers(ledger) ? "detaching" : "running";
}

function running({ ledger, isListed, trouble, rules }: Progress, now: Instant): Running {
  const leftMs = rules.deadline - now.elapsed;
  const drainMs = leftMs + now.epoch - rules.cordonedAt;
  const left: Partial<Record<LeftCode, number>> = {};
  const blocked: string[] = [];
  const heldUp: HeldUp[] = [];
  const isDelayed = now.epoch - rules.cordonedAt >= delayedMs;
  const remaining = [...ledger.pods.values()]
    .filter(({ pod }) => !isFinished(pod))
    .sort((a, b) => a.tier - b.tier);
  for (const { pod, tier, isRequested, refused, request } of remaining) {
    const isLast = tier === stopTier;
    const surging = request.is === "surging" ? request : undefined;
    const facts = { isRequested, isLast, refused, surging, now: now.epoch, leftMs };
    const { code, why } = whyStillThere(pod, facts);
    left[code] = (left[code] ?? 0) + 1;
    const short = shortLine(why, named.whyMaxChars);
    if (blocked.length < named.podsMax) blocked.push(`${podKey(pod)}: ${short}`);
    if (isDelayed && isHeldUp(code) && heldUp.length < named.heldUpMax) {
      const budgets = code === "explained" ? (refused?.budgets ?? []) : [];
      heldUp.push({ pod: objectName(pod), why: short, budgets });
    }
  }
  const slow = remaining
    .flatMap(({ pod }) => graceUnderWay(pod, now.epoch) ?? [])
    .filter((graceSeconds) => graceSeconds * 1000 > drainMs);
  return {
    state: "running",
    isListed,
    podsLeft: remaining.length,
    left,
    blocked,
    heldUp,
    trouble: trouble?.why,
    slowGraceSeconds: slow.length > 0 ? Math.min(...slow) : undefined,
  };
}

/** The whole grace of a pod that is still in it, in seconds. */
function graceUnderWay({ metadata }: Pod, now: number): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata ?? {};
  const isInGrace = deletionTimestamp !== undefined && Date.parse(deletionTimestamp) > now;
  return isInGrace ? deletionGracePeriodSeconds : undefined;
}

export function blindText(why: string): string {
  return `the pods of this node cannot be seen: ${shortLine(why, named.whyMaxChars)}`;
}

export function refusalText(refusals: readonly Judged[]): string {
  const texts = refusals.map(({ pod, verdict }) => `${podKey(pod)} ${reasonsText(verdict.reasons)}`);
  return `the node cannot be drained: ${firstOf(texts, refusalsMax, "; ")}`;
}
