import { createInformers } from "./informers.ts";
import { keyOf, pathOf, type StoredBudget, type StoredNode, type StoredPod } from "./objects.ts";
import type { Ports } from "./ports.ts";
import { createQueue } from "./queue.ts";
import { selects } from "./selectors.ts";

/** Whose budget it is, as other tools see it. */
export const holder = { apiVersion: "example.com/v1", kind: "Database" };
const closed = { minAvailable: "100%", maxUnavailable: null };
const open = { minAvailable: null, maxUnavailable: 1 };

/**
 * Keeps the budget of this name so that it lets no pod go, and lets one go at a time for as long as any of its pods is on a cordoned
 * node, as operators of databases do.
 */
export async function runBudgetHolder(ports: Ports, name: string): Promise<void> {
  const { api, signal } = ports;
  const informers = createInformers(ports);
  const pods = informers.of<StoredPod>("pods");
  const nodes = informers.of<StoredNode>("nodes");
  const budgets = informers.of<StoredBudget>("poddisruptionbudgets");
  const queue = createQueue(ports, reconcile);
  void informers.done().catch(() => {});
  await Promise.all([pods.synced, nodes.synced, budgets.synced]);
  const lookAtAll = () => {
    for (const budget of budgets.all()) if (budget.metadata.name === name) queue.add(keyOf(budget));
  };
  for (const informer of [pods, nodes, budgets]) informer.onChange(lookAtAll);
  await queue.run();

  async function reconcile(key: string): Promise<void> {
    const budget = budgets.get(key);
    if (budget === undefined) return;
    const cordoned = nodes.all().filter(({ spec }) => spec?.unschedulable === true);
    const isDrained = pods
      .all()
      .some(
        ({ metadata, spec }) =>
          selects(budget.spec?.selector, metadata.labels) &&
          cordoned.some((node) => node.metadata.name === spec?.nodeName),
      );
    const spec = isDrained ? open : closed;
    if ((budget.spec?.maxUnavailable ?? null) === spec.maxUnavailable) return;
    const path = pathOf("poddisruptionbudgets", budget);
    budgets.enter(await api.patch<StoredBudget>(path, { spec }, { signal }));
  }
}
