/**
 * The eviction of a pod, and the budgets it has to respect; `judgeEviction` is pure.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
import { checkPreconditions, type DeleteOptions } from "./deletion.ts";
import { isReady } from "./kinds/pod-columns.ts";
import { at, clone, ensure, type Fields, fields, type KubeObject, list, number, text } from "./object.ts";
import type { Registry } from "./registry.ts";
import { resourceOf } from "./resources.ts";
import { matchesSelector } from "./selectors.ts";
import { type ApiError, badRequest, forbidden, internal, tooManyRequests } from "./status.ts";
import { type Timers, timestamp } from "./timing.ts";

export type Verdict =
  | { answer: "evict" }
  /** Evict, and count it against the budget first. */
  | { answer: "charge"; budget: KubeObject }
  | { answer: "refuse"; error: ApiError };

const disruptedPodsMax = 2000;
const refusal = "Cannot evict pod as it would violate the pod's disruption budget.";

/** Whether a pod may be evicted under the budgets of its namespace, as they are now. */
export function judgeEviction(pod: KubeObject, budgets: KubeObject[]): Verdict {
  const phase = text(at(pod, "status", "phase"));
  // Ended, not yet started or on its way out: its disruption has happened or costs nothing.
  if (pod.metadata.deletionTimestamp || ["Succeeded", "Failed", "Pending"].includes(phase))
    return { answer: "evict" };
  const own = budgets.filter((budget) =>
    matchesSelector(at(budget, "spec", "selector"), pod.metadata.labels),
  );
  const [budget] = own;
  if (!budget) return { answer: "evict" };
  if (own.length > 1) {
    const message =
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    return { answer: "refuse", error: internal(message) };
  }
  if (!isReady(pod) && allowsUnready(budget)) return { answer: "evict" };
  return judgeBudget(budget);
}

/** https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy */
function allowsUnready(budget: KubeObject): boolean {
  if (at(budget, "spec", "unhealthyPodEvictionPolicy") === "AlwaysAllow") return true;
  const { currentHealthy, desiredHealthy } = fields(budget["status"]);
  return number(desiredHealthy) > 0 && number(currentHealthy) >= number(desiredHealthy);
}

function judgeBudget(budget: KubeObject): Verdict {
  const { name, generation = 0 } = budget.metadata;
  const status = fields(budget["status"]);
  const [allowed, current, desired] = ["disruptionsAllowed", "currentHealthy", "desiredHealthy"].map((key) =>
    number(status[key]),
  ) as [number, number, number];
  const refuse = (message: string, retryAfter = 0): Verdict => ({
    answer: "refuse",
    error: tooManyRequests(refusal, retryAfter, [{ reason: "DisruptionBudget", message }]),
  });
  const forbid = (why: string): Verdict => ({
    answer: "refuse",
    error: forbidden({ group: "policy", resource: "poddisruptionbudget" }, name, why),
  });
  if (number(status["observedGeneration"]) < generation) {
    return refuse(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (allowed < 0) return forbid("pdb disruptions allowed is negative");
  if (Object.keys(fields(status["disruptedPods"])).length > disruptedPodsMax) {
    return forbid("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (allowed > 0) return { answer: "charge", budget };
  const failed = list(status["conditions"]).find(
    (condition) => at(condition, "type") === "DisruptionAllowed" && at(condition, "reason") === "SyncFailed",
  );
  if (failed) {
    const why = `because it failed sync: ${text(at(failed, "message"))}`;
    return refuse(`The disruption budget ${name} does not allow evicting pods currently ${why}`);
  }
  if (current > desired)
    return refuse(`The disruption budget ${name} does not allow evicting pods currently`);
  return refuse(`The disruption budget ${name} needs ${desired} healthy pods and has ${current} currently`);
}

/** The budget's status after one more disruption. */
export function chargedStatus(budget: KubeObject, podName: string, now: number): Fields {
  const status = clone(fields(budget["status"]));
  const allowed = number(status["disruptionsAllowed"]) - 1;
  status["disruptionsAllowed"] = allowed;
  // The controller does not count this pod any more, although it is still there.
  ensure(status, "disruptedPods")[podName] = timestamp(now);
  if (allowed === 0) {
    status["conditions"] = withCondition(list(status["conditions"]), {
      type: "DisruptionAllowed",
      status: "False",
      observedGeneration: status["observedGeneration"],
      lastTransitionTime: timestamp(now),
      reason: "InsufficientPods",
      message: "",
    });
  }
  return status;
}

/** The conditions with one set; its time moves only with its status. */
export function withCondition(conditions: unknown[], condition: Fields): unknown[] {
  const before = conditions.find((other) => at(other, "type") === condition["type"]);
  if (!before) return [...conditions, condition];
  const kept = at(before, "status") === condition["status"];
  const next = kept ? { ...condition, lastTransitionTime: at(before, "lastTransitionTime") } : condition;
  return conditions.map((other) => (other === before ? next : other));
}

export interface Eviction {
  namespace: string;
  name: string;
  /** The name in the body, which must be the same. */
  nameInBody: string;
  options: DeleteOptions;
}

/** Performs an eviction or throws the refusal. */
export function evict(
  registry: Registry,
  timers: Timers,
  { namespace, name, nameInBody, options }: Eviction,
): void {
  const pods = resourceOf("pods");
  const budgets = resourceOf("poddisruptionbudgets.policy");
  registry.requireNamespace(namespace, pods, name);
  if (nameInBody !== name) throw badRequest("name in URL does not match name in Eviction object");
  const pod = registry.find(pods, namespace, name);
  const found = registry.store.list(budgets.store, `${namespace}/`).map(([, budget]) => budget);
  const verdict = judgeEviction(pod, found);
  if (verdict.answer === "refuse") throw verdict.error;
  if (verdict.answer === "charge" && !options.dryRun) {
    const target = { resource: budgets, namespace, name: verdict.budget.metadata.name };
    const charged = (budget: KubeObject) => ({
      ...budget,
      status: chargedStatus(budget, name, timers.now()),
    });
    registry.update(target, charged, { dryRun: false, subresource: "status" });
  }
  // The budget stays charged when this fails: a real server answers in the same way.
  checkPreconditions(pods, pod, options);
  if (options.dryRun) {
    registry.delete({ resource: pods, namespace, name }, options);
    return;
  }
  const marked = registry.update(
    { resource: pods, namespace, name },
    (current) => ({ ...current, status: statusOfEvicted(current, timers.now()) }),
    { dryRun: false, subresource: "status" },
  );
  // The mark above has raised the version; the client's precondition was met before it.
  const resourceVersion = options.resourceVersion && marked.metadata.resourceVersion;
  registry.delete({ resource: pods, namespace, name }, { ...options, resourceVersion });
}

function statusOfEvicted(pod: KubeObject, now: number): Fields {
  const status = fields(pod["status"]);
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    lastTransitionTime: timestamp(now),
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  };
  return { ...status, conditions: withCondition(list(status["conditions"]), condition) };
}
