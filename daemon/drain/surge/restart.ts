/** Begins the roll-out that replaces a pod. */

import { type Api, isApiError, retryAfterOf } from "../../cluster/api.ts";
import type { Pod } from "../../cluster/objects.ts";
import { paths } from "../../cluster/paths.ts";
import { backoffMs } from "../../time/backoff.ts";
import type { Clock, Random } from "../../time/clock.ts";
import { lookAtSurge, missingRight } from "./look.ts";
import { type Deployment, restartPatch, type SurgePlan } from "./plan.ts";

export interface Restarting {
  api: Api;
  clock: Clock;
  random: Random;
  /** See `markOf`. */
  mark: string;
  /** Whether the pod still waits for it. */
  isWanted: () => boolean;
}

/** A Deployment whose status changes answers with conflicts, and a server in trouble with errors. */
const retry = { firstMs: 500, maxMs: 8000 };
const triesMax = 6;

/**
 * The way of the pod, once that is known: `wait` after a restart. An answer that was lost is no second restart,
 * as the mark comes with it.
 */
export async function restartFor(
  { api, clock, random, mark, isWanted }: Restarting,
  pod: Pod,
  signal: AbortSignal,
): Promise<SurgePlan> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { plan, deployment } = await lookAtSurge(api, pod, mark, signal);
      if (plan.do !== "restart" || deployment === undefined) return plan;
      if (!isWanted()) return { do: "evict", why: undefined };
      await restart(api, deployment, restartPatch(deployment, mark), signal);
      return { ...plan, do: "wait" };
    } catch (error) {
      signal.throwIfAborted();
      if (!isApiError(error)) throw error;
      const { code, message } = error;
      if (code === "forbidden" || code === "not-granted") return { do: "evict", why: missingRight(message) };
      if (code === "invalid" || attempt >= triesMax) return { do: "evict", why: message };
      await clock.sleep(Math.max(retryAfterOf(error), backoffMs(attempt, retry, random)), signal);
    }
  }
}

async function restart(api: Api, { metadata }: Deployment, patch: object, signal: AbortSignal) {
  await api.patch(paths.deployment(metadata?.namespace ?? "", metadata?.name ?? ""), patch, { signal });
}
