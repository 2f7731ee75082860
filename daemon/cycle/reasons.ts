import { reportPauseMs } from "../drain/state.ts";
import { type Closed, isReason } from "../gates/reasons.ts";
import { isByPeople } from "../lock/refusal.ts";
import { grownMs } from "../time/backoff.ts";
import { iso } from "../time/iso.ts";
import type { CycleRecord, Reason } from "./record.ts";

/**
 * A sentence with other names or numbers in it is written within a minute; one that keeps changing ever
 * later, as thousands of nodes may have it.
 */
const rewordPauses = { firstMs: 60_000, maxMs: 10 * 60_000 };

/** The pause before new words alone are written, after so many writes in the last hour. */
export function rewordDelayMs(reportCount: number): number {
  return grownMs(reportCount, rewordPauses);
}

/** Reasons that hold the node back, each since when it does so without a break. */
export function reasonsOf(record: CycleRecord, closed: readonly Closed[], now: number): Reason[] {
  return closed.map(({ gate, code, message }) => {
    const known = record.reasons.find((one) => one.gate === gate && one.code === code);
    return { gate, code, message, since: known?.since ?? iso(now) };
  });
}

/**
 * When the Node is to say so: long ago where it says something else, `rewordAt` where only the words differ,
 * never where it says so already. A process that has written nothing yet (no `rewordAt`) sets the words
 * right at once. Who is in the lock changes too often for words, but for what people have said.
 */
export function reportAt(
  { reasons }: Pick<CycleRecord, "reasons">,
  wanted: readonly Reason[],
  rewordAt: number | undefined,
): number {
  const saidBefore = (one: Reason) =>
    reasons.find(({ gate, code }) => gate === one.gate && code === one.code);
  if (reasons.length !== wanted.length || !wanted.every((one) => saidBefore(one) !== undefined)) {
    return Number.NEGATIVE_INFINITY;
  }
  const counts = (one: Reason) => isReason(one, "lock") && !isByPeople(one);
  const isReworded = wanted.some(
    (one) => (rewordAt === undefined || !counts(one)) && one.message !== saidBefore(one)?.message,
  );
  return isReworded ? (rewordAt ?? Number.NEGATIVE_INFINITY) : Number.POSITIVE_INFINITY;
}

/**
 * The same for what a drain waits for: pods go one by one, so no word of it is written sooner after the
 * cordon, or after the writing before, than {@link reportPauseMs} says.
 */
export function reportInDrainAt(
  { reasons, since, reportedAt }: Pick<CycleRecord, "reasons" | "since" | "reportedAt">,
  wanted: readonly Reason[],
): number {
  const isReported = wanted.every((one) =>
    reasons.some(
      ({ gate, code, message }) => gate === one.gate && code === one.code && message === one.message,
    ),
  );
  if (isReported && reasons.length === wanted.length) return Number.POSITIVE_INFINITY;
  const begunAt = Date.parse(since);
  const lastAt = Math.max(begunAt, Date.parse(reportedAt ?? since));
  return lastAt + reportPauseMs(lastAt - begunAt);
}

/** The fields of the record once the reasons are written. */
export function reported(reasons: Reason[], now: number): Pick<CycleRecord, "reasons" | "reportedAt"> {
  return { reasons, reportedAt: iso(now) };
}
