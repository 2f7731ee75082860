import { backoffMs } from "../backoff.ts";
import type { Clock, Random } from "../clock.ts";
import { type Api, type ApiError, isApiError } from "../cluster/api.ts";
import { type Pod, paths } from "../cluster/objects.ts";
import type { Limit } from "./limit.ts";
import type { Line } from "./line.ts";

/** A budget changes at any time. */
const retry = { firstMs: 1000, maxMs: 30_000 };

export interface Evictor {
  api: Api;
  clock: Clock;
  random: Random;
  /** Seconds; -1 leaves each pod its own. */
  gracePeriodSeconds: number;
  /** From then on pods are deleted, past all budgets, in place of being evicted; in milliseconds of `clock.elapsed()`. */
  deleteAt: number;
  limit: Limit;
  /** A server in trouble is not to have all pods asked for again and again. */
  line: Line;
  /** False once the pod is known to be gone or to be ending: then nothing is asked any more. */
  isWanted: (pod: Pod) => boolean;
  /** Told why a pod does not go yet; answers with what is known of that beyond what the server has said. */
  onRefused: (pod: Pod, refusal: EvictionRefusal) => Promise<EvictionRefusal>;
}

/**
 * Who says no: a budget, a rule (an admission webhook, RBAC, a namespace that ends), or the server has trouble;
 * `explained` where the reason was looked up and says what can be done.
 */
export interface EvictionRefusal {
  by: "budget" | "rule" | "server" | "explained";
  why: string;
}

/**
 * Asks the API server to end one pod until it agrees or the pod is gone; the signal ends it. A budget that has no room is
 * asked again after 1 s, doubling to 30 s, or after what the server says; a rule that says no likewise. Pods for which the server has
 * trouble wait in line.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works
 */
export async function evictPod(pod: Pod, evictor: Evictor, signal: AbortSignal): Promise<void> {
  const { clock, random, limit, line, isWanted, onRefused, deleteAt } = evictor;
  let hasWaited = false;
  for (let attempt = 1; ; attempt += 1) {
    const wasEvicted = clock.elapsed() < deleteAt;
    const answered = () => {
      if (hasWaited) line.mended();
      hasWaited = false;
    };
    try {
      await limit(async () => {
        if (!isWanted(pod)) return;
        await ask(pod, evictor, signal);
        answered();
      });
      return;
    } catch (error) {
      signal.throwIfAborted();
      // A conflict may be the precondition: then the watch shows that this pod is gone.
      if (isApiError(error, "not-found")) return answered();
      if (!isApiError(error)) throw error;
      const { by } = await onRefused(pod, refusalOf(error));
      // To delete is another request: what was said of the eviction does not hold it up.
      const until = wasEvicted ? deleteAt : Number.POSITIVE_INFINITY;
      const atLeastMs = error.retryAfterMs ?? 0;
      if (by === "server") {
        line.failed(hasWaited);
        hasWaited = true;
        await line.wait({ atLeastMs, until }, signal);
      } else {
        answered();
        const waitMs = Math.max(backoffMs(attempt, retry, random), atLeastMs);
        await clock.sleep(Math.max(0, Math.min(waitMs, until - clock.elapsed())), signal);
      }
      if (clock.elapsed() >= until) attempt = 0;
    }
  }
}

async function ask(
  pod: Pod,
  { api, clock, gracePeriodSeconds, deleteAt }: Evictor,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = "", name = "", uid } = pod.metadata ?? {};
  const options = {
    // Another pod of the same name, as a StatefulSet makes it elsewhere, is none of ours.
    preconditions: { uid },
    ...(gracePeriodSeconds >= 0 && { gracePeriodSeconds }),
  };
  if (clock.elapsed() >= deleteAt) {
    await api.delete(paths.pod(namespace, name), options, { signal });
    return;
  }
  const eviction = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { namespace, name },
    deleteOptions: options,
  };
  await api.create(paths.eviction(namespace, name), eviction, { signal });
}

/** The cause names the budget and its numbers. */
function refusalOf(error: ApiError): EvictionRefusal {
  const budget = error.causes.find(({ reason }) => reason === "DisruptionBudget");
  if (budget !== undefined) return { by: "budget", why: budget.message ?? error.message };
  const isRule = error.code === "forbidden" || error.code === "invalid";
  return { by: isRule ? "rule" : "server", why: error.message };
}
