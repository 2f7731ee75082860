import { isApiError, retryAfterOf } from "../cluster/api.ts";
import { type BackoffLimits, backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";
import type { Action } from "./decision.ts";
import type { Setback, Trial } from "./observation.ts";
import { isRefusal } from "./refused.ts";

/** What the loop does, by what its failures are counted: what goes well between two tries of another says nothing of the next. */
export type Deed =
  | Trial
  | Exclude<Action["do"], "wait" | "look" | "acquire" | "reenter">
  | "rewrite"
  | `look at the ${Extract<Action, { do: "look" }>["at"]}`;

/** The first time it may have been a moment's trouble. From then on each pause is twice the one before. */
interface Rest {
  firstMs: number;
  later: BackoffLimits;
}

const rests: Record<"look" | Trial | "other", Rest> = {
  look: { firstMs: 500, later: { firstMs: 2000, maxMs: 90_000 } },
  other: { firstMs: 1000, later: { firstMs: 15_000, maxMs: 2 * 60_000 } },
  // Each try looks at everything before: no more than three in a minute.
  acquire: { firstMs: 1000, later: { firstMs: 40_000, maxMs: 3 * 60_000 } },
  reenter: { firstMs: 1000, later: { firstMs: 20_000, maxMs: 2 * 60_000 } },
  rehearse: { firstMs: 1000, later: { firstMs: 40_000, maxMs: 5 * 60_000 } },
  // Each later try takes a slot for a moment, and looks at everything before: no more than three in a minute.
  begin: { firstMs: 1000, later: { firstMs: 2 * 60_000, maxMs: 3_600_000 } },
};

/** Whose conflicts have not been tried again yet, as those of the lock have. */
const patchesNode: ReadonlySet<keyof typeof rests> = new Set(["begin", "other"]);

export interface Setbacks {
  /** After which the deed may be tried; 0 for at once. Milliseconds from now. */
  restMs(deed: Deed): number;
  /** Why it has failed last. */
  why(deed: Deed): string | undefined;
  /** The same where it was refused for good. */
  refusal(deed: Deed): string | undefined;
  failed(deed: Deed, error: unknown): void;
  succeeded(deed: Deed): void;
  /** Those that decisions depend on; `until` in milliseconds since the epoch of the clock whose time is given. */
  shown(now: number): Partial<Record<Trial, Setback>>;
}

const trials: readonly Trial[] = ["acquire", "reenter", "rehearse", "begin"];

export function isTrial(deed: Deed): deed is Trial {
  return trials.some((trial) => trial === deed);
}

/** What has been refused or has failed in a row, each with a back-off of its own; what the server asks to wait is heeded. */
export function createSetbacks(clock: Clock, random: Random): Setbacks {
  const failures = new Map<Deed, Setback>();
  // Whole milliseconds: the fraction of one would be lost beside milliseconds since the epoch, and waited for for ever.
  const restMs = (deed: Deed) => Math.max(0, Math.ceil((failures.get(deed)?.until ?? 0) - clock.elapsed()));

  function restOf(kind: keyof typeof rests, times: number): number {
    const { firstMs, later } = rests[kind];
    if (times <= 1) return times * firstMs;
    return backoffMs(times - 1, later, random);
  }

  return {
    restMs,
    why: (deed) => failures.get(deed)?.why,
    refusal(deed) {
      const failure = failures.get(deed);
      return failure?.isRefused ? failure.why : undefined;
    },
    failed(deed, error) {
      const times = (failures.get(deed)?.times ?? 0) + 1;
      // Somebody else has written between our read and our write: the next try knows of it. But a loop of that is to end too.
      const isRace = isApiError(error, "conflict") && patchesNode.has(kindOf(deed));
      const waitMs = Math.max(retryAfterOf(error), restOf(kindOf(deed), isRace ? times - 1 : times));
      const why = (error as Error).message;
      failures.set(deed, { times, until: clock.elapsed() + waitMs, why, isRefused: isRefusal(error) });
    },
    succeeded: (deed) => void failures.delete(deed),
    shown(now) {
      const known = trials.flatMap((trial) => {
        const failure = failures.get(trial);
        return failure === undefined ? [] : [[trial, { ...failure, until: now + restMs(trial) }] as const];
      });
      return Object.fromEntries(known);
    },
  };
}

function kindOf(deed: Deed): keyof typeof rests {
  if (isTrial(deed)) return deed;
  return deed.startsWith("look at ") ? "look" : "other";
}
