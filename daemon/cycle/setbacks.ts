import { isApiError, retryAfterOf } from "../cluster/api.ts";
import { type BackoffLimits, backoffMs as randomBackoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";
import type { Action } from "./decision.ts";
import type { Setback, Trial } from "./observation.ts";
import { isRefusal } from "./refused.ts";

/** Steps of the loop whose failures are counted apart: the success of one says nothing of another. */
export type Step =
  | Trial
  | Exclude<Action["do"], "wait" | "look" | "acquire" | "reenter" | "run job">
  | "rewrite"
  | "keep messages"
  | `look at the ${Extract<Action, { do: "look" }>["at"]}`;

/** The first time it may have been a moment's trouble. From then on each pause is twice the one before. */
interface Pauses {
  firstMs: number;
  later: BackoffLimits;
}

const pauses: Record<"look" | Trial | "other", Pauses> = {
  look: { firstMs: 500, later: { firstMs: 2000, maxMs: 90_000 } },
  // A drain that passes its deadline while a write is refused ends so much later at most.
  other: { firstMs: 1000, later: { firstMs: 15_000, maxMs: 80_000 } },
  // Each try looks at everything before: no more than two in a minute, as half of a later pause is left to chance.
  acquire: { firstMs: 1000, later: { firstMs: 2 * 60_000, maxMs: 3 * 60_000 } },
  reenter: { firstMs: 1000, later: { firstMs: 20_000, maxMs: 2 * 60_000 } },
  rehearse: { firstMs: 1000, later: { firstMs: 40_000, maxMs: 5 * 60_000 } },
  // Each later try takes a slot for a moment, and looks at everything before: no more than three in a minute.
  begin: { firstMs: 1000, later: { firstMs: 2 * 60_000, maxMs: 3_600_000 } },
  "run the before job": { firstMs: 1000, later: { firstMs: 15_000, maxMs: 80_000 } },
  "run the after job": { firstMs: 1000, later: { firstMs: 15_000, maxMs: 80_000 } },
};

/** Steps whose conflicts were not retried yet, as those of the lock were. */
const patchesNode: ReadonlySet<keyof typeof pauses> = new Set(["begin", "other"]);

export interface Setbacks {
  /** After which the step may be tried; 0 for at once. Milliseconds from now. */
  backoffMs(step: Step): number;
  /** Why it has failed last. */
  why(step: Step): string | undefined;
  /** The same where it was refused for good. */
  refusal(step: Step): string | undefined;
  /** Does it, and counts how that went. */
  attempt<T>(step: Step, work: () => Promise<T>): Promise<T>;
  succeeded(step: Step): void;
  /** The back-off after the last failure; 0 where decisions know of it, and wait themselves. Milliseconds. */
  lastBackoffMs(): number;
  /**
   * Setbacks that decisions depend on; `until` in milliseconds since the epoch of the clock whose time is
   * given.
   */
  shown(now: number): Partial<Record<Trial, Setback>>;
}

const trials: readonly Trial[] = [
  "acquire",
  "reenter",
  "rehearse",
  "begin",
  "run the before job",
  "run the after job",
];

function isTrial(step: Step): step is Trial {
  return trials.some((trial) => trial === step);
}

/**
 * Counts refusals and failures in a row, each with a back-off of its own, at least as long as the server
 * asks.
 */
export function createSetbacks(clock: Clock, random: Random): Setbacks {
  const failures = new Map<Step, Setback>();
  let last: Step = "look at the node";
  // Whole milliseconds: the fraction of one would be lost beside milliseconds since the epoch, and waited for
  // for ever.
  const backoffMs = (step: Step) =>
    Math.max(0, Math.ceil((failures.get(step)?.until ?? 0) - clock.elapsed()));

  function pauseOf(kind: keyof typeof pauses, times: number): number {
    const { firstMs, later } = pauses[kind];
    if (times <= 1) return times * firstMs;
    return randomBackoffMs(times - 1, later, random);
  }

  function fail(step: Step, error: unknown): void {
    const times = (failures.get(step)?.times ?? 0) + 1;
    // Somebody else has written between our read and our write: the next try knows of it. But a loop of that
    // is to end too.
    const isRace = isApiError(error, "conflict") && patchesNode.has(kindOf(step));
    const waitMs = Math.max(retryAfterOf(error), pauseOf(kindOf(step), isRace ? times - 1 : times));
    const why = (error as Error).message;
    failures.set(step, { times, until: clock.elapsed() + waitMs, why, isRefused: isRefusal(error) });
    last = step;
  }

  return {
    backoffMs,
    lastBackoffMs: () => (isTrial(last) ? 0 : backoffMs(last)),
    async attempt(step, work) {
      try {
        const result = await work();
        failures.delete(step);
        return result;
      } catch (error) {
        fail(step, error);
        throw error;
      }
    },
    why: (step) => failures.get(step)?.why,
    refusal(step) {
      const failure = failures.get(step);
      return failure?.isRefused ? failure.why : undefined;
    },
    succeeded: (step) => void failures.delete(step),
    shown(now) {
      const known = trials.flatMap((trial) => {
        const failure = failures.get(trial);
        return failure === undefined ? [] : [[trial, { ...failure, until: now + backoffMs(trial) }] as const];
      });
      return Object.fromEntries(known);
    },
  };
}

function kindOf(step: Step): keyof typeof pauses {
  if (isTrial(step)) return step;
  return step.startsWith("look at ") ? "look" : "other";
}
