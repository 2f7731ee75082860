import { iso } from "./decision.ts";
import type { CycleRecord, Reason } from "./record.ts";
import type { ClosedGate } from "./seen.ts";

/** What holds the node back, each since when it first did without a break. */
export function reasonsOf(record: CycleRecord, closed: readonly ClosedGate[], now: number): Reason[] {
  return closed.map(({ gate, code, message }) => {
    const known = record.reasons.find((one) => one.gate === gate && one.code === code);
    return { gate, code, message, since: known?.since ?? iso(now) };
  });
}

/** Whether the Node says so already. */
export function isSaid({ reasons }: CycleRecord, now: readonly Reason[]): boolean {
  const isThere = ({ gate, code }: Reason) => reasons.some((one) => one.gate === gate && one.code === code);
  return reasons.length === now.length && now.every(isThere);
}
