/** How long a drain takes, and what follows when it does not succeed; in milliseconds from the cordon. */
export interface Escalation {
  /** When the drain is given up. */
  drainTimeoutMs: number;
  /** When pods are deleted, past all budgets; infinity is never. */
  drainDeleteAfterMs: number;
  /** A drain that is given up is followed by the reboot. */
  rebootAnyway: boolean;
}
