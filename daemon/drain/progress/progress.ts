/** All that a drain knows of its pods. */

import type { ApiErrorCode } from "../../cluster/api.ts";
import type { BudgetViews } from "./budget-watch.ts";
import { type Emptying, notEmpty } from "./emptying.ts";
import type { DrainRules, Instant } from "./events.ts";
import { emptyLedger, type Ledger } from "./ledger.ts";
import { type Makers, noMakers } from "./makers.ts";

export interface Progress {
  readonly rules: DrainRules;
  /** The drain began with the cordon, so that the pods of its first list were there before. */
  readonly isFresh: boolean;
  readonly isListed: boolean;
  readonly ledger: Ledger;
  readonly budgets: BudgetViews;
  readonly makers: Makers;
  readonly emptying: Emptying;
  /**
   * Why the pods cannot be seen, and since when for the same reason; in milliseconds of `clock.elapsed()`.
   */
  readonly trouble: { code: ApiErrorCode; why: string; since: number } | undefined;
  /**
   * The last description of the state that is known to the caller, and when one was reported; in milliseconds
   * of `clock.elapsed()`. `isDelayed`: it names pods that delay the drain.
   */
  readonly reported: { text: string; at: number; isDelayed: boolean };
  /** Why it cannot go on; nothing is done any more. */
  readonly failed: { why: string; isBlind?: true } | undefined;
}

/** A drain that begins so soon after the cordon has not been interrupted by a restart of the daemon. */
const freshMs = 10_000;

export function beginDrain(rules: DrainRules, now: Instant): Progress {
  return {
    rules,
    isFresh: now.epoch - rules.cordonedAt < freshMs,
    isListed: false,
    ledger: emptyLedger,
    budgets: new Map(),
    makers: noMakers,
    emptying: notEmpty(now),
    trouble: undefined,
    reported: { text: "", at: now.elapsed, isDelayed: false },
    failed: undefined,
  };
}
