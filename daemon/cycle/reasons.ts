import type { ClosedGate } from "../gates/gate.ts";
import { iso } from "./decision.ts";
import type { CycleRecord, Reason } from "./record.ts";

/** A sentence with other names or numbers in it is written no sooner: thousands of nodes may have one. */
const rewordMs = 10 * 60_000;

/** What holds the node back, each since when it first did without a break. */
export function reasonsOf(record: CycleRecord, closed: readonly ClosedGate[], now: number): Reason[] {
  return closed.map(({ gate, code, message }) => {
    const known = record.reasons.find((one) => one.gate === gate && one.code === code);
    return { gate, code, message, since: known?.since ?? iso(now) };
  });
}

/** Whether the Node says so already, or in words that will do for a while; who is in the lock changes too often for words. */
export function isSaid({ reasons, saidAt }: CycleRecord, wanted: readonly Reason[], now: number): boolean {
  const saidBefore = (one: Reason) =>
    reasons.find(({ gate, code }) => gate === one.gate && code === one.code);
  if (reasons.length !== wanted.length || !wanted.every((one) => saidBefore(one) !== undefined)) return false;
  const isReworded = wanted.some((one) => one.gate !== "lock" && one.message !== saidBefore(one)?.message);
  return !isReworded || now < Date.parse(saidAt ?? "") + rewordMs;
}

/** As the record has them once they are written. */
export function saying(reasons: Reason[], now: number): Pick<CycleRecord, "reasons" | "saidAt"> {
  return { reasons, saidAt: iso(now) };
}
