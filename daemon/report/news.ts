/** Finds the events in decisions. Each kind remembers what it has reported, so that nothing comes twice. */
import type { ObjectName } from "../cluster/objects.ts";
import type { Decision } from "../cycle/decision.ts";
import type { Observation } from "../cycle/observation.ts";
import { type CycleRecord, isAtRest } from "../cycle/record.ts";
import type { HeldUp } from "../drain/state.ts";
import { firstOf } from "../text/list.ts";
import { type About, type Event, eventOf } from "./events.ts";

export type News = (record: CycleRecord, seen: Observation, decision: Decision) => readonly Event[];

export function createNews(nodeName: string): News {
  const kinds = [requiredNews(), blockedNews(), haltedNews(), heldUpNews(nodeName), overdueNews()];
  return (...pass) => kinds.flatMap((kind) => kind(...pass));
}

/** After a restart the record tells which need was reported. */
function requiredNews(): News {
  let known: { source: string | undefined } | undefined;
  return (record, { need }) => {
    known ??= { source: record.need?.source };
    if (need?.state === "not-needed") known = { source: undefined };
    if (need?.state !== "needed" || need.source === known.source) return [];
    known = { source: need.source };
    return [eventOf("RebootRequired", need)];
  };
}

/** Other words for the same reasons are no news. */
function blockedNews(): News {
  const textOf = (reasons: readonly { gate: string; code: string }[]) =>
    reasons
      .map(({ gate, code }) => `${gate} ${code}`)
      .sort()
      .join(", ");
  let known: string | undefined;
  return (record, { need }, { action, why, reasons = [] }) => {
    known ??= isAtRest(record) ? textOf(record.reasons) : "";
    if (!isAtRest(record)) known = "";
    const isOfAnotherPhase = action.do === "save" && action.record.phase !== record.phase;
    if (!isAtRest(record) || need?.state !== "needed" || reasons.length === 0 || isOfAnotherPhase) return [];
    const topic = textOf(reasons);
    if (topic === known) return [];
    known = topic;
    return [eventOf("RebootBlocked", why, { topic })];
  };
}

/** A halt lasts until the lock is seen without one. */
function haltedNews(): News {
  let isKnown: boolean | undefined;
  return (record, { lock }) => {
    isKnown ??= record.reasons.some(({ gate, code }) => gate === "lock" && code === "halted");
    if (lock === undefined) return [];
    const { refusal } = lock;
    const isHalted = refusal?.code === "halted";
    const isNews = isHalted && !isKnown;
    isKnown = isHalted;
    return isNews ? [eventOf("RebootsHalted", refusal.message)] : [];
  };
}

/** Events about pods in one drain, at most, and as many about budgets. */
const heldUpMax = 10;
const podsNamedMax = 5;

/** The same pods are no news, whatever is new about them. */
function heldUpNews(nodeName: string): News {
  const reported = new Set<string>();
  let known = "";
  return ({ phase }, { drain }, { why }) => {
    if (phase !== "Draining") {
      reported.clear();
      known = "";
    }
    const heldUp = phase === "Draining" && drain.state === "running" ? drain.heldUp : [];
    const topic = heldUp
      .map(({ pod }) => keyOf(pod))
      .sort()
      .join(" ");
    if (heldUp.length === 0 || topic === known) return [];
    known = topic;
    const others = [...heldUp.map((one) => podEvent(one, nodeName)), ...budgetEvents(heldUp, nodeName)];
    const isNew = ({ about }: Event): boolean => {
      const key = `${about?.kind} ${about && keyOf(about)}`;
      const ofKind = [...reported].filter((one) => one.startsWith(`${about?.kind} `)).length;
      if (reported.has(key) || ofKind >= heldUpMax) return false;
      reported.add(key);
      return true;
    };
    return [eventOf("DrainHeldUp", why, { topic }), ...others.filter(isNew)];
  };
}

function podEvent({ pod, why }: HeldUp, nodeName: string): Event {
  const about: About = { kind: "Pod", ...pod };
  return eventOf("DrainHeldUp", `delays the drain of node ${nodeName}: ${why}`, { about });
}

function budgetEvents(heldUp: readonly HeldUp[], nodeName: string): Event[] {
  const budgets = new Map<string, { budget: ObjectName; pods: ObjectName[]; why: string }>();
  for (const { pod, budgets: refusing, why } of heldUp) {
    for (const budget of refusing) {
      const known = budgets.get(keyOf(budget)) ?? { budget, pods: [], why };
      budgets.set(keyOf(budget), { ...known, pods: [...known.pods, pod] });
    }
  }
  return [...budgets.values()].map(({ budget, pods, why }) => {
    const names = firstOf(
      pods.map(({ name }) => name),
      podsNamedMax,
    );
    const note = `refuses the eviction of ${names}, and delays the drain of node ${nodeName}: ${why}`;
    return eventOf("DrainHeldUp", note, { about: { kind: "PodDisruptionBudget", ...budget } });
  });
}

function keyOf({ namespace, name }: Pick<ObjectName, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}

/** Once, until the node is no longer overdue. */
function overdueNews(): News {
  let was = false;
  return (_, __, { overdue = false, why }) => {
    const isNews = overdue && !was;
    was = overdue;
    return isNews ? [eventOf("NotReturned", why)] : [];
  };
}
