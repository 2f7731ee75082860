/**
 * The answer of the eviction API for a pod under the budgets of its namespace, and what a person can do.
 * Pure.
 */
import { selects } from "../cluster/label-selector.ts";
import { isReady } from "../cluster/nodes.ts";
import { type Budget, objectName, type Pod } from "../cluster/objects.ts";
import { count } from "../text/count.ts";
import type { EvictionRefusal } from "./evict.ts";
import type { Finding, FindingCode } from "./finding.ts";
import { type BudgetFacts, operatorOf } from "./operators.ts";

export interface BudgetVerdict {
  refused?: Finding;
  /** The budget that counts it as a disruption when it goes. */
  charges?: Budget;
}

/**
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works; the
 * order of the questions is the server's. `budgets` may be those of other namespaces too.
 */
export function judgeBudgets(pod: Pod, budgets: readonly Budget[], facts: BudgetFacts = {}): BudgetVerdict {
  if (needsNoBudget(pod)) return {};
  const own = budgetsOver(pod, budgets);
  const [budget] = own;
  if (budget === undefined) return {};
  if (own.length > 1) return { refused: several(own) };
  if (!isReady(pod) && letsUnreadyGo(budget)) return {};
  const why = whyNot(budget, pod, facts);
  return why === undefined ? { charges: budget } : { refused: why };
}

/** A refusal of the API server, in the words of the preflight, with the budgets that it comes from. */
export function explainedRefusal(refused: Finding, pod: Pod, budgets: readonly Budget[]): EvictionRefusal {
  return { by: "explained", why: refused.message, budgets: budgetsOver(pod, budgets).map(objectName) };
}

/** The budgets that count the pod. */
export function budgetsOver({ metadata: pod }: Pod, budgets: readonly Budget[]): readonly Budget[] {
  return budgets.filter(
    ({ metadata, spec }) => metadata?.namespace === pod?.namespace && selects(spec?.selector, pod?.labels),
  );
}

/** False while its status is that of an earlier spec. */
export function isWorkedOut({ metadata, status }: Budget): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
}

/** A pod that has ended, has not begun, or is terminating costs a budget nothing. */
function needsNoBudget({ metadata, status }: Pod): boolean {
  if (metadata?.deletionTimestamp !== undefined) return true;
  return ["Pending", "Succeeded", "Failed"].includes(status?.phase ?? "");
}

/** https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy */
function letsUnreadyGo({ spec, status }: Budget): boolean {
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

function several(budgets: readonly Budget[]): Finding {
  const names = budgets.map(nameOf).join(" and ");
  const why = `is selected by PodDisruptionBudgets ${names}, and the API server evicts no pod with more than one`;
  return { code: "budgets-several", message: `${why}; make their selectors disjoint`, blocks: true };
}

function whyNot(budget: Budget, pod: Pod, facts: BudgetFacts): Finding | undefined {
  if (isWorkedOut(budget) && (budget.status?.disruptionsAllowed ?? 0) > 0) return undefined;
  const { code, why } = whyNone(budget, pod, facts);
  // A budget loses nothing with a pod that is not Ready.
  const orElse = isReady(pod)
    ? ""
    : ", or set unhealthyPodEvictionPolicy: AlwaysAllow, as this pod is not Ready";
  const since = code === "budget-exhausted" ? exhaustedSince(budget) : undefined;
  const message = `PodDisruptionBudget ${nameOf(budget)} ${why}${orElse}`;
  return { code, message, blocks: code !== "budget-held", ...(since && { since }) };
}

/**
 * The controller notes when the last disruption was used up:
 * https://pkg.go.dev/k8s.io/api/policy/v1#DisruptionAllowedCondition
 */
function exhaustedSince({ status }: Budget): number | undefined {
  const condition = status?.conditions?.find(({ type }) => type === "DisruptionAllowed");
  if (condition?.status !== "False" || condition.reason !== "InsufficientPods") return undefined;
  return Date.parse(String(condition.lastTransitionTime));
}

/** The controller of the budgets will soon update a budget that is busy by itself. */
function whyNone(budget: Budget, pod: Pod, facts: BudgetFacts): { code: FindingCode; why: string } {
  const never = whyNever(budget);
  if (never !== undefined) {
    const { setting, remedy } = never;
    const { releases = false, name, hint = remedy } = operatorOf(pod, budget, facts) ?? {};
    if (!releases) return { code: "budget-never", why: `allows no disruptions (${setting}); ${hint}` };
    return {
      code: "budget-held",
      why: `allows no disruptions (${setting}) until ${name} releases it; ${hint}`,
    };
  }
  const busy = whyBusy(budget);
  if (busy !== undefined) return { code: "budget-busy", why: `${busy}; try again in a moment` };
  return { code: "budget-exhausted", why: whyExhausted(budget) };
}

/** The setting that allows no disruption whatever the pods do. */
function whyNever({ spec, status }: Budget): { setting: string; remedy: string } | undefined {
  const { minAvailable, maxUnavailable } = spec ?? {};
  const { desiredHealthy = 0, expectedPods = 0 } = status ?? {};
  if (maxUnavailable !== undefined && Number.parseInt(String(maxUnavailable), 10) === 0) {
    return {
      setting: `maxUnavailable ${maxUnavailable}`,
      remedy: "raise maxUnavailable for the time of the drain",
    };
  }
  if (/^\d+%$/.test(String(minAvailable)) && Number.parseInt(String(minAvailable), 10) >= 100) {
    return {
      setting: `minAvailable ${minAvailable}`,
      remedy: "lower minAvailable for the time of the drain",
    };
  }
  if (expectedPods === 0 || desiredHealthy < expectedPods) return undefined;
  if (minAvailable === undefined) {
    const setting = `maxUnavailable ${maxUnavailable} requires ${desiredHealthy} of ${expectedPods}`;
    return { setting, remedy: "raise maxUnavailable or add replicas" };
  }
  const number = minAvailable === desiredHealthy ? "" : ` ${minAvailable} requires`;
  const setting = `minAvailable${number} ${desiredHealthy} of ${expectedPods}`;
  return { setting, remedy: "lower minAvailable or add replicas" };
}

function whyBusy(budget: Budget): string | undefined {
  if (!isWorkedOut(budget)) return "has changed, and its status is not up to date yet";
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  // The controller has yet to see evictions that were granted a moment ago.
  const isGiven = currentHealthy > desiredHealthy && syncFailure(budget) === undefined;
  return isGiven ? "has just allowed its last disruptions" : undefined;
}

function whyExhausted(budget: Budget): string {
  const failure = syncFailure(budget);
  if (failure !== undefined)
    return `has no valid status (${failure}); fix it, or the workload that it selects`;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  const numbers = `needs ${count(desiredHealthy, "healthy pod")} and has ${currentHealthy}`;
  const condition = `it allows a disruption once it has ${desiredHealthy + 1}`;
  return `${numbers}; ${condition}: see why others are not Ready, or add replicas`;
}

function syncFailure({ status }: Budget): string | undefined {
  return status?.conditions?.find(({ reason }) => reason === "SyncFailed")?.message;
}

export function nameOf({ metadata }: Budget): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}
