/**
 * Pods that budgets keep: the budgets are watched, and the eviction of a pod is requested when its budget
 * opens. Pure.
 */

import type { Budget, Pod } from "../../cluster/objects.ts";
import { backoffMs } from "../../time/backoff.ts";
import { budgetsOver, explainedRefusal, judgeBudgets, nameOf } from "../budgets.ts";
import type { BudgetFacts } from "../operators.ts";
import { type DrainEventOf, type DrainRequest, type Instant, namespaceOf } from "./events.ts";
import { type Change, changed, type Entry, type Held, type Ledger } from "./ledger.ts";

/** The watched budgets of a namespace; undefined while a change of them may go unseen. */
interface View {
  budgets: readonly Budget[] | undefined;
  /** How often they have changed in this drain. */
  change: number;
}

/** By namespace. */
export type BudgetViews = ReadonlyMap<string, View>;

/** Without a watch a pod is tried again by time, as a budget may change at any time. */
export const unwatchedRetry = { firstMs: 1000, maxMs: 40_000 };

/**
 * With a watch a request follows when the budget opens, after a moment in which another node may have been
 * faster, and pauses for a while where that was so; rarely one is sent all the same (the net). An opening ends the
 * back-off of the refusals before it.
 */
const watched = { namespacesMax: 4, netMs: 5 * 60_000, spreadMs: 500, firstMs: 1000, maxMs: 10_000 };

/** The state of a pod that a budget has just refused. */
export function heldNow(views: BudgetViews, { pod, request }: Entry, chance: number, now: Instant): Held {
  const openings = request.is === "sent" ? (request.openings ?? 0) : 0;
  return {
    chance,
    netAt: now.elapsed + backoffMs(1, { firstMs: watched.netMs, maxMs: watched.netMs }, () => chance),
    change: Math.min(request.is === "sent" ? request.change : 0, changeIn(views, pod)),
    openings,
    restsUntil: openings === 0 ? 0 : now.elapsed + backoffMs(openings, watched, () => chance),
  };
}

/** How often the budgets of the pod's namespace have changed while they were watched. */
export function changeIn(views: BudgetViews, pod: Pod): number {
  return views.get(namespaceOf(pod))?.change ?? 0;
}

export function onBudgets(
  known: { ledger: Ledger; views: BudgetViews },
  { namespace, budgets }: DrainEventOf<"budgets">,
  facts: BudgetFacts | undefined,
  now: Instant,
): { ledger: Ledger; views: BudgetViews } {
  const before = known.views.get(namespace);
  if (before === undefined) return known;
  const views = new Map(known.views).set(namespace, { budgets, change: before.change + 1 });
  if (budgets !== undefined) {
    return { ledger: openWhereAllowed(known.ledger, views, namespace, facts, now), views };
  }
  const changes = heldIn(known.ledger, namespace).map(({ uid, entry, request, held }): Change => {
    const { openAt: _, ...rest } = held;
    const pauseMs = backoffMs(Math.max(request.attempt, 1), unwatchedRetry, () => held.chance);
    return [uid, { ...entry, request: { ...request, at: now.elapsed + pauseMs, held: rest } }];
  });
  return { ledger: changed(known.ledger, changes), views };
}

/**
 * Makes as many pods due as their budget allows; the others wait until it shows another change. Of several
 * pods the first ones go. A request that is under way is taken to have used up a disruption that the budget
 * still shows.
 */
export function openWhereAllowed(
  ledger: Ledger,
  views: BudgetViews,
  namespace: string,
  facts: BudgetFacts | undefined,
  now: Instant,
): Ledger {
  const view = views.get(namespace);
  if (view?.budgets === undefined) return ledger;
  const { budgets, change } = view;
  const take = disruptionsOf(budgets);
  for (const { pod, request } of ledger.pods.values()) {
    if (request.is === "sent" && namespaceOf(pod) === namespace) budgetsOver(pod, budgets).forEach(take);
  }
  const all = heldIn(ledger, namespace);
  const inOrder = [
    ...all.filter(({ held }) => held.openAt !== undefined),
    ...all.filter(({ held }) => held.openAt === undefined),
  ];
  const changes = inOrder.flatMap(({ uid, entry, request, held }): Change[] => {
    const { openAt, ...rest } = held;
    const { refused, charges } = judgeBudgets(entry.pod, budgets, facts);
    if (refused === undefined && change <= held.change) return [];
    const isOpen = refused === undefined && (charges === undefined || take(charges));
    const opensAt = openAt ?? Math.max(now.elapsed + held.chance * watched.spreadMs, held.restsUntil);
    const next = isOpen
      ? { ...request, attempt: 0, at: opensAt, held: { ...rest, openAt: opensAt } }
      : { ...request, at: held.netAt, held: rest };
    // The message says how things are now.
    const why = refused === undefined ? entry.refused : explainedRefusal(refused, entry.pod, budgets);
    return [[uid, { ...entry, request: next, refused: why }]];
  });
  return changed(ledger, changes);
}

/** Takes a disruption of a budget; answers whether there was one to take. */
function disruptionsOf(budgets: readonly Budget[]): (budget: Budget) => boolean {
  const left = new Map(budgets.map((budget) => [nameOf(budget), budget.status?.disruptionsAllowed ?? 0]));
  return (budget) => {
    const before = left.get(nameOf(budget)) ?? 0;
    left.set(nameOf(budget), before - 1);
    return before > 0;
  };
}

function heldIn({ pods, due }: Ledger, namespace: string) {
  return [...due].flatMap((uid) => {
    const entry = pods.get(uid);
    if (entry === undefined || entry.request.is !== "due" || namespaceOf(entry.pod) !== namespace) return [];
    const { request } = entry;
    return request.held === undefined ? [] : [{ uid, entry, request, held: request.held }];
  });
}

/** Watches only the namespaces of budgets that keep a pod, and only so many of them. */
export function watchKeeping(
  { held }: Ledger,
  views: BudgetViews,
): { views: BudgetViews; requests: readonly DrainRequest[] } {
  const ended = [...views.keys()].filter((namespace) => !held.has(namespace));
  const kept = [...views].filter(([namespace]) => held.has(namespace));
  const begun = [...held.keys()]
    .filter((namespace) => !views.has(namespace))
    .slice(0, watched.namespacesMax - kept.length);
  if (ended.length === 0 && begun.length === 0) return { views, requests: [] };
  const unseen = { budgets: undefined, change: 0 };
  return {
    views: new Map([...kept, ...begun.map((namespace) => [namespace, unseen] as const)]),
    requests: [
      ...ended.map((namespace) => ({ do: "unwatch", namespace }) as const),
      ...begun.map((namespace) => ({ do: "watch", namespace }) as const),
    ],
  };
}
