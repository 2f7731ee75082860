/** Budget and room put together: pods that could not all go, as what comes in their place has nowhere to run. Pure. */
import { isReady } from "../cluster/nodes.ts";
import type { Budget, Pod } from "../cluster/objects.ts";
import { budgetsOver, isWorkedOut, nameOf } from "./budgets.ts";
import type { Finding } from "./finding.ts";

/**
 * Of the pods that a drain takes, those under a budget that lets fewer of them go than have nowhere to go. The first
 * evictions would take replicas away for nothing, and the rest be refused for ever. `whyNowhere` says why nothing takes
 * what replaces a pod, and undefined where something does.
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
    const counts = `lets ${letsGo(budget)} of ${own.length} pods here go, and the rest never`;
    const remedy = `make room elsewhere, or let the budget allow ${own.length} for the time of the drain`;
    for (const pod of own) {
      const why = `as what comes in their place has nowhere to run (${whyNowhere(pod)})`;
      const message = `budget ${nameOf(budget)} ${counts}, ${why}; ${remedy}`;
      found.set(pod, { code: "budget-no-room", message, blocks: true });
    }
  }
  return found;
}

/** Those that it would be if no other node had room: only for them is it to be looked at the other nodes. */
export function mayBeStranded(pods: readonly Pod[], budgets: readonly Budget[]): readonly Pod[] {
  return [...findStranded(pods, budgets, () => "not known yet").keys()];
}

/** Who owns a budget may release it once the node is cordoned, as Rook does, so such a one is taken for no obstacle. */
function onlyBudgetOver(pod: Pod, budgets: readonly Budget[]): Budget | undefined {
  const [budget, ...more] = budgetsOver(pod, budgets);
  const isOwned = budget?.metadata?.ownerReferences?.some(({ controller }) => controller === true);
  return more.length > 0 || isOwned ? undefined : budget;
}

/** How many pods may be gone for good: those that are not Ready now are taken to become so. */
function letsGo(budget: Budget): number {
  const { disruptionsAllowed = 0, expectedPods = 0, desiredHealthy = 0 } = budget.status ?? {};
  if (!isWorkedOut(budget) || expectedPods === 0) return Number.POSITIVE_INFINITY;
  return Math.max(disruptionsAllowed, expectedPods - desiredHealthy);
}
