import type { Clock } from "../clock.ts";
import type { Api } from "./api.ts";
import { type Budget, paths } from "./objects.ts";
import { listAll } from "./pages.ts";

/** So long the budgets of a namespace are taken for what they were. */
const freshMs = 10_000;

/** Reads the budgets of a namespace, also for many askers at a time, at most every 10 s. */
export function createBudgetReader(api: Api, clock: Clock) {
  const read = new Map<string, { at: number; budgets: Promise<readonly Budget[]> }>();
  return (namespace: string, signal: AbortSignal): Promise<readonly Budget[]> => {
    const last = read.get(namespace);
    if (last !== undefined && clock.elapsed() < last.at + freshMs) return last.budgets;
    const budgets = listAll<Budget>(api, paths.budgetsIn(namespace), { signal });
    read.set(namespace, { at: clock.elapsed(), budgets });
    return budgets;
  };
}
