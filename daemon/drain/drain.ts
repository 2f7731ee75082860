import type { Budget, Pod } from "../cluster/objects.ts";
import { linked } from "../time/linked.ts";
import { brokenText, type FollowedPods, followPods } from "./follow-pods.ts";
import { createPerformer, type PerformOptions } from "./perform.ts";
import type { DrainEvent, DrainRules, Instant } from "./progress/events.ts";
import { beginDrain } from "./progress/progress.ts";
import { asKnown, step } from "./progress/step.ts";
import { stateOf } from "./progress/summary.ts";
import { isSaidToBeHeld, type Selection } from "./select.ts";
import { type DrainState, delayedMs } from "./state.ts";
import { isSelectedToSurge, type SurgeSettings } from "./surge/plan.ts";

export interface DrainOptions
  extends FollowedPods,
    PerformOptions,
    Pick<
      DrainRules,
      "deleteAt" | "cordonedAt" | "cordonedAtByServer" | "volumeTimeoutMs" | "parallelism" | "deadline"
    > {
  /** The pods that a roll-out replaces before they go; none without it. */
  surge?: SurgeSettings | undefined;
}

export interface Drain {
  state(): DrainState;
}

/**
 * Empties the node: one list of its pods, then one watch, and an eviction for each pod that has to go, also
 * for those that the watch shows later; ordinary pods first. It is done when no such pod remains and none has
 * come for a while, and goes on for those that come even then, until the signal ends it; deadlines are the
 * caller's.
 */
export function startDrain(options: DrainOptions, outer: AbortSignal): Drain {
  const { clock, selection } = options;
  const { signal, end } = linked(outer);
  const now = (): Instant => ({ elapsed: clock.elapsed(), epoch: clock.wall() });
  const surge = surgeRules(options, now());
  let progress = beginDrain({ ...options, ...rulesOf(selection), surge }, now());
  const perform = createPerformer(options, { happen, progress: () => progress, watchOver }, signal);

  function happen(event: DrainEvent): void {
    if (signal.aborted) return;
    const { progress: next, requests } = step(progress, event, now());
    progress = next;
    if (progress.failed !== undefined) end(new Error("the drain is over"));
    for (const request of requests) perform(request);
  }

  function watchOver(work: Promise<void>): void {
    work.catch((error) => happen({ type: "broke", why: brokenText(error) }));
  }

  watchOver(followPods(options, now, happen, signal));
  const delayedAt = options.cordonedAt + delayedMs - now().epoch;
  clock.sleep(Math.max(0, delayedAt), signal).then(
    () => happen({ type: "time" }),
    () => {},
  );
  return {
    state() {
      const state = stateOf(progress, now());
      progress = asKnown(progress, state);
      return state;
    },
  };
}

/** A wall clock that went back makes nobody wait longer than the option says. */
function surgeRules({ surge, cordonedAt }: DrainOptions, now: Instant): DrainRules["surge"] {
  if (surge === undefined) return undefined;
  const passedMs = Math.max(0, now.epoch - cordonedAt);
  const selects = (pod: Pod) => isSelectedToSurge(pod, surge);
  return { selects, until: now.elapsed + surge.timeoutMs - passedMs };
}

function rulesOf(selection: Selection) {
  const { skipWaitForDeleteMs, rebootAnyway } = selection;
  const budgetFacts = { isSaidToBeHeld: (budget: Budget) => isSaidToBeHeld(selection, budget) };
  return { skipWaitForDeleteMs, rebootAnyway, budgetFacts };
}
