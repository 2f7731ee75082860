/**
 * Budget and room put together: pods that cannot all be evicted, as their replacements have nowhere to run.
 * Pure.
 */
import { isReady } from "../cluster/nodes.ts";
import type { Budget, Pod } from "../cluster/objects.ts";
import { count } from "../text/count.ts";
import { budgetsOver, isWorkedOut, nameOf } from "./budgets.ts";
import type { Finding } from "./finding.ts";

/**
 * The pods of a drain whose budget allows fewer disruptions than pods whose replacements have nowhere to run.
 * The first evictions would take replicas away for nothing, and the rest would be refused for ever.
 * `whyNowhere` gives the reason why no node takes the replacement of a pod; undefined where one does.
 */
export function findStranded(
  pods: readonly Pod[],
  budgets: readonly Budget[],
  whyNowhere: (pod: Pod) => string | undefined,
): ReadonlyMap<Pod, Finding> {
  const found = new Map<Pod, Finding>();
  const lost = pods.filter((pod) => whyNowhere(pod) !== undefined);
  for (const [budget, own] of Map.groupBy(lost, (pod) => onlyBudgetOver(pod, budgets))) {
    if (budget === undefined || own.length <= letsGo(budget) || !own.some(isReady)) continue;
    const needed = count(own.length, "disruption");
    const counts = `allows ${letsGo(budget)} of ${needed} on this node, and then no more`;
    const remedy = `make room on another node, or allow ${needed} for the time of the drain`;
    for (const pod of own) {
      const why = `as replacements have nowhere to run (${whyNowhere(pod)})`;
      const message = `PodDisruptionBudget ${nameOf(budget)} ${counts}, ${why}; ${remedy}`;
      found.set(pod, { code: "budget-no-room", message, blocks: true });
    }
  }
  return found;
}

/**
 * The pods that would be stranded if no other node had room: only for these the other nodes have to be read.
 */
export function mayBeStranded(pods: readonly Pod[], budgets: readonly Budget[]): readonly Pod[] {
  return [...findStranded(pods, budgets, () => "not known yet").keys()];
}

/**
 * The owner of a budget may release it once the node is cordoned, as Rook does, so an owned budget counts as
 * no obstacle.
 */
function onlyBudgetOver(pod: Pod, budgets: readonly Budget[]): Budget | undefined {
  const [budget, ...more] = budgetsOver(pod, budgets);
  const isOwned = budget?.metadata?.ownerReferences?.some(({ controller }) => controller === true);
  return more.length > 0 || isOwned ? undefined : budget;
}

/** How many pods may be gone for good: pods that are not Ready now are taken to become Ready. */
function letsGo(budget: Budget): number {
  const { disruptionsAllowed = 0, expectedPods = 0, desiredHealthy = 0 } = budget.status ?? {};
  if (!isWorkedOut(budget) || expectedPods === 0) return Number.POSITIVE_INFINITY;
  return Math.max(disruptionsAllowed, expectedPods - desiredHealthy);
}
