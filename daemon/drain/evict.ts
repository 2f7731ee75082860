import { type Api, type ApiError, isApiError, retryAfterOf } from "../cluster/api.ts";
import type { ObjectName, Pod } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import { shortEnds } from "../text/one-line.ts";

/**
 * The origin of a refusal: a budget, an admission webhook, the daemon's own rights, another rule (a namespace
 * that is terminating, a policy), or trouble of the server or of a webhook; `explained` where the budget was
 * looked up and `why` names a remedy.
 */
export interface EvictionRefusal {
  by: "budget" | "webhook" | "rights" | "rule" | "server" | "webhook-down" | "explained";
  why: string;
  /** The budgets behind `explained`. */
  budgets?: readonly ObjectName[];
}

export type EvictionAnswer =
  | { agreed: true }
  /** `retryAfterMs`: the least pause before the next request, from the server; at most a minute. */
  | { agreed: false; refusal: EvictionRefusal; retryAfterMs: number };

/** Answers to an eviction by their HTTP status; `none` where there was no answer. */
export const evictionCodes = ["201", "403", "404", "409", "429", "4xx", "5xx", "none", "other"] as const;
export type EvictionCode = (typeof evictionCodes)[number];

export function evictionCode(status: number | undefined): EvictionCode {
  if (status === undefined) return "none";
  const ofClass = status >= 500 && status < 600 ? "5xx" : status >= 400 && status < 500 ? "4xx" : "other";
  return evictionCodes.find((code) => code === String(status)) ?? ofClass;
}

/**
 * The one way in which a drain ends a pod: an eviction or, past all budgets, a deletion, requested once. Order,
 * pauses and retries are the caller's (progress/requests.ts). docs/design/eviction.md has the contract, and the
 * EvictionRequest API in it.
 *
 * Agreed: the pod is terminating, is gone, or will go without more requests. The watch of the pods shows its
 * end. Refused: nothing has happened, and the same request may be sent again. An answer for another pod of that
 * name, as a StatefulSet makes it elsewhere, is a refusal: that is a conflict, and the watch shows the rest.
 * `gracePeriodSeconds`: -1 leaves the pod its own. `signal`: the drain is over, whatever the answer.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works
 */
export async function endPod(
  api: Api,
  by: "evict" | "delete",
  pod: Pod,
  gracePeriodSeconds: number,
  signal: AbortSignal,
  onEvicted: (code: EvictionCode) => void = () => {},
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
      onEvicted("201");
    }
    return { agreed: true };
  } catch (error) {
    signal.throwIfAborted();
    if (!isApiError(error)) throw error;
    if (by === "evict") onEvicted(evictionCode(error.status));
    const refusal = refusalOf(error);
    if (error.code === "not-found" && refusal.by !== "webhook") return { agreed: true };
    return { agreed: false, refusal, retryAfterMs: retryAfterOf(error) };
  }
}

/** Longer texts of a webhook or a server are cut. */
const whyMaxChars = 400;
/**
 * By the text alone: a webhook refuses with any code from 400 on, 429 for "not yet" among them, and one that
 * cannot be asked is a 500.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response
 */
const byText = [
  { by: "webhook", pattern: /admission webhook "[^"]*" denied the request.*/s },
  { by: "webhook-down", pattern: /failed calling webhook "[^"]*".*/s },
  // https://kubernetes.io/docs/reference/access-authn-authz/authorization/
  { by: "rights", pattern: /User "[^"]*" cannot (?:create|delete) resource "pods.*/s },
] as const;

/** The cause names the budget and its numbers. */
function refusalOf(error: ApiError): EvictionRefusal {
  for (const { by, pattern } of byText) {
    const [text] = pattern.exec(error.message) ?? [];
    if (text !== undefined) return { by, why: shortEnds(text, whyMaxChars) };
  }
  const budget = error.causes.find(({ reason }) => reason === "DisruptionBudget");
  if (budget !== undefined) return { by: "budget", why: budget.message ?? error.message };
  const isRule = error.code === "forbidden" || error.code === "invalid";
  return { by: isRule ? "rule" : "server", why: error.message };
}
