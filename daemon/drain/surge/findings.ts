/** The findings of the preflight on a pod that a roll-out may replace before it goes. Pure. */
import type { BudgetVerdict } from "../budgets.ts";
import type { Finding } from "../finding.ts";
import type { SurgePlan } from "./plan.ts";

/**
 * A budget refuses no pod that its own Deployment takes away. A roll-out that was under way before the drain is
 * not relied on: it may be one that never ends, and its old pod the only one that works.
 */
export function surgedBudgets(
  { refused, charges }: BudgetVerdict,
  surge: SurgePlan | undefined,
): { findings: readonly Finding[]; charges?: BudgetVerdict["charges"] } {
  const before = refused === undefined ? [] : [refused];
  if (surge?.do === "restart") {
    const message = `goes once a roll-out of Deployment ${surge.deployment} has put another in its place`;
    return { findings: [{ code: "surged", message: `${message} (--surge-selector)`, blocks: false }] };
  }
  const why = surge && whyNot(surge);
  if (why === undefined) return { findings: before, charges };
  if (refused !== undefined) {
    const message = `${refused.message}; no roll-out can replace it first, as ${why}`;
    return { findings: [{ ...refused, message }], charges };
  }
  const message = `is evicted without a roll-out before, as ${why} (--surge-selector)`;
  return { findings: [{ code: "not-surged", message, blocks: false }], charges };
}

function whyNot(surge: Exclude<SurgePlan, { do: "restart" }>): string | undefined {
  return surge.do === "evict" ? surge.why : `a roll-out of Deployment ${surge.deployment} is under way`;
}
