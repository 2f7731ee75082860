/** Shows the record and the decisions as metrics. */
import { pauseNow } from "../annotations/pause.ts";
import type { Decision } from "../cycle/decision.ts";
import { noHistory } from "../cycle/history.ts";
import type { Observation } from "../cycle/observation.ts";
import { outcomeNames } from "../cycle/outcomes.ts";
import { type CycleRecord, isAtRest, phases, type Reason } from "../cycle/record.ts";
import type { Part } from "../cycle/took.ts";
import { isKnownReason, isReason } from "../gates/reasons.ts";
import type { Metrics } from "./metrics.ts";

export function showRecord(metrics: Metrics, record: CycleRecord): void {
  for (const phase of phases) metrics.phase.set({ phase }, phase === record.phase ? 1 : 0);
  metrics.phaseSince.set(secondsOf(record.since));
  const { cycles, parts, rebootedAt, softReboots = 0 } = record.history ?? noHistory;
  metrics.cycles.reset();
  for (const outcome of outcomeNames) metrics.cycles.inc({ outcome }, cycles[outcome]);
  metrics.softReboots.reset();
  metrics.softReboots.inc(softReboots);
  const observed = Object.entries(parts).map(([part, { counts, sumMs }]) => [
    part,
    { counts, sum: sumMs / 1000 },
  ]);
  metrics.cycleDuration.show(Object.fromEntries(observed) as Record<Part, { counts: number[]; sum: number }>);
  metrics.lastReboot.set(rebootedAt === undefined ? 0 : secondsOf(rebootedAt));
}

export function showDecision(
  metrics: Metrics,
  record: CycleRecord,
  seen: Observation,
  decision: Decision,
): void {
  const { reasons = [], drainEnds = 0, overdue = false } = decision;
  showNeed(metrics, record, seen);
  metrics.gateClosed.reset();
  for (const one of reasons) metrics.gateClosed.set(reasonLabels(one), 1);
  // The gate itself tells how many there are.
  if (!reasons.some((one) => isReason(one, "pods"))) metrics.blockingPods.set(0);
  metrics.drainPodsLeft.reset();
  const left = seen.drain.state === "running" ? Object.entries(seen.drain.left) : [];
  for (const [reason, pods] of left) metrics.drainPodsLeft.set({ reason }, pods);
  metrics.drainDeadline.set(Math.round(drainEnds / 1000));
  metrics.overdue.set(overdue ? 1 : 0);
  showLock(metrics, record, seen, decision);
}

/** A record may have any text for them, which is to be no label. */
function reasonLabels({ gate, code }: Reason): { gate: string; reason: string } {
  return isKnownReason({ gate, code }) ? { gate, reason: code } : { gate: "other", reason: "other" };
}

function showNeed(metrics: Metrics, record: CycleRecord, { need, neededSince }: Observation): void {
  if (need !== undefined) {
    metrics.rebootRequired.set(need.state === "unknown" ? Number.NaN : need.state === "needed" ? 1 : 0);
    // An alert that was made for kured fires with any value but 0.
    metrics.kuredRebootRequired.set(need.state === "needed" ? 1 : 0);
  }
  const since = record.need === undefined ? (neededSince ?? 0) / 1000 : secondsOf(record.need.since);
  metrics.requiredSince.set(need?.state === "not-needed" ? 0 : since);
}

/**
 * A node that neither waits for a slot nor holds one learns no more of the lock. A cycle that this process has found
 * has one until the lock says otherwise.
 */
function showLock(
  metrics: Metrics,
  record: CycleRecord,
  { lock, mayHoldSlot }: Observation,
  { action }: Decision,
): void {
  if (lock !== undefined) metrics.slotHeld.set(lock.held ? 1 : 0);
  else if (mayHoldSlot && !isAtRest(record)) metrics.slotHeld.set(1);
  // After the release a node that needs nothing does not read the lock again.
  else if (!mayHoldSlot) metrics.slotHeld.set(0);
  const isFollowed = lock?.held === true || action.do !== "wait" || action.slot === true;
  const { slots = undefined, refusal = undefined } = (isFollowed && lock) || {};
  metrics.slotsAllowed.set(slots?.allowed ?? Number.NaN);
  metrics.slotsHeld.set(slots?.held ?? Number.NaN);
  metrics.halted.set(refusal?.code === "halted" ? 1 : 0);
}

/** Tells whether the node is paused, as of the last decision. */
export function createPaused() {
  let last: { paused: string | undefined; areAllPaused: boolean } | undefined;
  return {
    isPaused: (now: number) =>
      last !== undefined && (last.areAllPaused || pauseNow(last.paused, now) !== undefined),
    decided({ paused, lock }: Observation, { action }: Decision): void {
      const areAllPaused = action.do === "wait" && action.slot === true && lock?.refusal?.gate === "paused";
      last = { paused, areAllPaused };
    },
  };
}

function secondsOf(time: string): number {
  return Date.parse(time) / 1000;
}
