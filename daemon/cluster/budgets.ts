import type { Clock, Random } from "../time/clock.ts";
import { linked } from "../time/linked.ts";
import { type Api, isApiError } from "./api.ts";
import { inform } from "./informer.ts";
import { type Budget, keptOfBudget, type WholeBudget } from "./objects.ts";
import { listAll } from "./pages.ts";
import { paths } from "./paths.ts";

/** So long the budgets of a namespace are taken for what they were. */
const freshMs = 10_000;

/** What is read of each budget of a namespace. */
export function listBudgets(api: Api, namespace: string, signal: AbortSignal): Promise<readonly Budget[]> {
  return listAll<WholeBudget, Budget>(api, paths.budgetsIn(namespace), { signal }, keptOfBudget);
}

/** Reads the budgets of a namespace, also for many askers at a time, at most every 10 s. */
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
  /** So long a watch is believed. */
  trustMs: number;
  /** All budgets of the namespace, at the start and after each change; undefined while a change may go unseen. */
  onBudgets: (budgets: readonly Budget[] | undefined) => void;
}

/** Several namespaces may be followed at a time, and all break together. */
const rest = { firstMs: 5000, maxMs: 5 * 60_000 };

/**
 * One list and one watch of the budgets of a namespace, until the signal ends it. Where they may not be watched it ends by itself, and
 * resolves with why.
 */
export async function followBudgets(
  { namespace, trustMs, onBudgets, ...ports }: FollowedBudgets,
  outer: AbortSignal,
): Promise<string | undefined> {
  const { signal, end } = linked(outer);
  let refusal: string | undefined;
  let known = new Map<string, Budget>();
  const nameOf = ({ metadata }: Budget) => metadata?.name ?? "";
  const tell = () => onBudgets([...known.values()]);
  await inform<WholeBudget, Budget>(
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
          tell();
        },
      },
      onEvent(type, budget) {
        if (type === "DELETED") known.delete(nameOf(budget));
        else known.set(nameOf(budget), budget);
        tell();
      },
      onBreak(error) {
        onBudgets(undefined);
        if (!isApiError(error, "forbidden")) return;
        refusal = error.message;
        end(error);
      },
      rests: { broken: rest, refused: rest },
    },
    signal,
  ).finally(() => end());
  return refusal;
}
