import type { Clock, Random } from "../time/clock.ts";
import { linked } from "../time/linked.ts";
import { type Api, isApiError } from "./api.ts";
import { runInformer } from "./informer.ts";
import { type Budget, keptOfBudget, type WholeBudget } from "./objects.ts";
import { listAll } from "./pages.ts";
import { paths } from "./paths.ts";

/** Budgets of a namespace are read again after this time. */
const freshMs = 10_000;

/** All budgets of a namespace, without the parts that rebootd does not need. */
export function listBudgets(api: Api, namespace: string, signal: AbortSignal): Promise<readonly Budget[]> {
  return listAll<WholeBudget, Budget>(api, paths.budgetsIn(namespace), { signal }, keptOfBudget);
}

/** Reads the budgets of a namespace, at most every 10 s. Callers at the same time share one read. */
export function createBudgetReader(api: Api, clock: Clock) {
  const read = new Map<string, { at: number; budgets: Promise<readonly Budget[]> }>();
  return (namespace: string, signal: AbortSignal): Promise<readonly Budget[]> => {
    const last = read.get(namespace);
    if (last !== undefined && clock.elapsed() < last.at + freshMs) return last.budgets;
    const budgets = listBudgets(api, namespace, signal);
    read.set(namespace, { at: clock.elapsed(), budgets });
    return budgets;
  };
}

export interface FollowedBudgets {
  api: Api;
  clock: Clock;
  random: Random;
  namespace: string;
  /** The list is repeated after this time, in case that the watch is silently broken. */
  trustMs: number;
  /**
   * All budgets of the namespace, at the start and after each change; undefined while changes may be missed.
   */
  onBudgets: (budgets: readonly Budget[] | undefined) => void;
}

/** Several namespaces may be watched at a time, and their watches break together. */
const pause = { firstMs: 5000, maxMs: 5 * 60_000 };

/**
 * One list and one watch of the budgets of a namespace, until the signal ends it. It ends by itself if the
 * watch is forbidden, and resolves with the reason; with none where the daemon does without the right.
 */
export async function followBudgets(
  { namespace, trustMs, onBudgets, ...ports }: FollowedBudgets,
  outer: AbortSignal,
): Promise<string | undefined> {
  const { signal, end } = linked(outer);
  let refusal: string | undefined;
  let known = new Map<string, Budget>();
  const nameOf = ({ metadata }: Budget) => metadata?.name ?? "";
  const publish = () => onBudgets([...known.values()]);
  await runInformer<WholeBudget, Budget>(
    {
      ...ports,
      collection: paths.budgetsIn(namespace),
      query: {},
      keep: keptOfBudget,
      list: {
        trustMs,
        async onPages(pages) {
          const listed = new Map<string, Budget>();
          for await (const page of pages) for (const budget of page) listed.set(nameOf(budget), budget);
          known = listed;
          publish();
        },
      },
      onEvent(type, budget) {
        if (type === "DELETED") known.delete(nameOf(budget));
        else known.set(nameOf(budget), budget);
        publish();
      },
      onBreak(error) {
        onBudgets(undefined);
        if (!isApiError(error, "forbidden", "not-granted")) return;
        if (error.code === "forbidden") refusal = error.message;
        end(error);
      },
      pauses: { broken: pause, refused: pause },
    },
    signal,
  ).finally(() => end());
  return refusal;
}
