import { type Api, type ApiError, isApiError, retryAfterOf } from "../cluster/api.ts";
import { type Pod, paths } from "../cluster/objects.ts";

/**
 * Who says no: a budget, a rule (an admission webhook, RBAC, a namespace that ends), or the server has trouble;
 * `explained` where the reason was looked up and says what can be done.
 */
export interface EvictionRefusal {
  by: "budget" | "rule" | "server" | "explained";
  why: string;
}

export type EvictionAnswer =
  | { agreed: true }
  /** `retryAfterMs`: not to be asked again before, as the server says; at most a minute. */
  | { agreed: false; refusal: EvictionRefusal; retryAfterMs: number };

/**
 * Asks the API server once to end a pod, by an eviction or, past all budgets, by a deletion. A pod that is gone is agreed to; so is
 * none of that name but with another UID, as a StatefulSet makes it elsewhere: that is a conflict, and the watch shows the rest.
 * `gracePeriodSeconds`: -1 leaves the pod its own.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works
 */
export async function askToEnd(
  api: Api,
  by: "evict" | "delete",
  pod: Pod,
  gracePeriodSeconds: number,
  signal: AbortSignal,
): Promise<EvictionAnswer> {
  const { namespace = "", name = "", uid } = pod.metadata ?? {};
  const deleteOptions = {
    preconditions: { uid },
    ...(gracePeriodSeconds >= 0 && { gracePeriodSeconds }),
  };
  try {
    if (by === "delete") await api.delete(paths.pod(namespace, name), deleteOptions, { signal });
    else {
      const eviction = {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { namespace, name },
        deleteOptions,
      };
      await api.create(paths.eviction(namespace, name), eviction, { signal });
    }
    return { agreed: true };
  } catch (error) {
    signal.throwIfAborted();
    if (isApiError(error, "not-found")) return { agreed: true };
    if (!isApiError(error)) throw error;
    return { agreed: false, refusal: refusalOf(error), retryAfterMs: retryAfterOf(error) };
  }
}

/** The cause names the budget and its numbers. */
function refusalOf(error: ApiError): EvictionRefusal {
  const budget = error.causes.find(({ reason }) => reason === "DisruptionBudget");
  if (budget !== undefined) return { by: "budget", why: budget.message ?? error.message };
  const isRule = error.code === "forbidden" || error.code === "invalid";
  return { by: isRule ? "rule" : "server", why: error.message };
}
