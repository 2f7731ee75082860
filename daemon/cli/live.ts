import { pausedText, pauseNow } from "../annotations/pause.ts";
import type { CycleRecord, Reason } from "../cycle/record.ts";
import { type Closed, isReason } from "../gates/reasons.ts";
import { halted, haltsAfter } from "../lock/failures.ts";
import { allPaused, lockedManually } from "../lock/limits.ts";
import { manualHolders } from "../lock/lock.ts";
import type { LockObjectState } from "../lock/lock-object.ts";
import { isByPeople, type Refusal } from "../lock/refusal.ts";
import { iso } from "../time/iso.ts";

/** The reason in the lock object that holds all nodes back at this moment. */
export function heldForAll({ lock, failures, paused }: LockObjectState, now: number): Refusal | undefined {
  const pause = allPaused(paused, now);
  const halt = halted(failures, haltsAfter(failures));
  const [manual] = manualHolders(lock);
  if (pause !== undefined || halt !== undefined) return pause ?? halt;
  if (lock.state === "unreadable") return { gate: "lock", code: "lock-unreadable", message: lock.why };
  return manual && { gate: "lock", code: "lock-manual", message: lockedManually(manual) };
}

/**
 * The reasons why a node waits, with pauses, manual locks and halts as they are now: the record on the Node
 * is from a moment ago, and these may have come, gone or changed since. Pure.
 */
export function liveReasons(
  { reasons }: Pick<CycleRecord, "reasons">,
  annotation: string | undefined,
  forAll: Refusal | undefined,
  now: number,
): Reason[] {
  const sinceOf = (gate: string, code: string) =>
    reasons.find((one) => one.gate === gate && one.code === code)?.since ?? iso(now);
  const live = ({ gate, code, message }: Closed): Reason => ({
    gate,
    code,
    message,
    since: sinceOf(gate, code),
  });
  const pause = pauseNow(annotation, now);
  const isReplaced = (one: Reason) => isByPeople(one) || (forAll !== undefined && isReason(one, "lock"));
  const asksTheLock = reasons.some((one) => isReason(one, "lock") || isReason(one, "paused", "cluster"));
  const kept = reasons.filter((one) => !isReplaced(one));
  return [
    ...(pause === undefined
      ? []
      : [live({ gate: "paused", code: "node", message: `this node is ${pausedText(pause)}` })]),
    ...(forAll === undefined || !(asksTheLock || kept.length === 0) ? [] : [live(forAll)]),
    ...kept,
  ];
}
