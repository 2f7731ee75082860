import { type Api, unlessNotGranted } from "../cluster/api.ts";
import { followBudgets } from "../cluster/budgets.ts";
import type { Budget, Pod } from "../cluster/objects.ts";
import { budgetsOver } from "../drain/budgets.ts";
import type { Escalation } from "../drain/escalation.ts";
import { type BlockerLooks, readBlockers, readRoomFor } from "../drain/facts.ts";
import { type Finding, type FindingCode, isObstacle, type ObstacleCode } from "../drain/finding.ts";
import { isBlocked, needRoom, type PodPlan, type PreflightFacts, planDrain } from "../drain/preflight.ts";
import { isSaidToBeHeld, podKey, type Selection } from "../drain/select.ts";
import type { SurgeSettings } from "../drain/surge/plan.ts";
import type { Clock, Random } from "../time/clock.ts";
import type { Gate, WatchOpening } from "./gate.ts";
import type { SayOnceADay } from "./notices/once-a-day.ts";
import type { Looked } from "./notices/unmatched.ts";

/** The options of the drain of this node. */
export interface DrainSettings {
  selection: Selection;
  podSelector: string | undefined;
  /** -1 leaves each pod its own. */
  gracePeriodSeconds: number;
  escalation: Escalation;
  /** The texts of the options. */
  heldSelector: string | undefined;
  stopSelector: string | undefined;
  surge?: SurgeSettings | undefined;
}

/** The world outside, for this gate. */
export interface DisruptionPorts extends BlockerLooks {
  clock: Clock;
  random: Random;
  looked: Looked;
  say: SayOnceADay;
}

interface Found<C extends FindingCode = FindingCode> {
  key: string;
  codes: readonly C[];
  text: string;
  /** Time at which all of it ends by itself; milliseconds since the epoch, infinity where unknown. */
  until: number;
}

const podsMax = 5;
/** Codes that end once the budgets allow it. */
const byBudget: readonly ObstacleCode[] = ["budget-exhausted", "budget-never", "budgets-several"];
const namespacesMax = 2;
/** Deployments that are read in one look, of pods that block the drain: any of the others keeps it closed. */
const surgesMax = 10;
/** On average at most this many nodes watch a budget that blocks all of them. */
const watchersMax = 50;
/** The gate is asked again before this time, whatever a watch shows. */
const trustMs = 60 * 60_000;
/** A watch that was forbidden is tried again after this time: the right may have been granted. */
const forbiddenMs = 60 * 60_000;

/** Closed while a drain of this node could not succeed, for the findings that `rebootd plan` reports too. */
export function disruptionGate(
  ports: DisruptionPorts,
  nodeName: string,
  drain: DrainSettings,
): Gate<"disruption"> {
  const { api, clock, say } = ports;
  const { escalation } = drain;
  let mayWatchAt = Number.NEGATIVE_INFINITY;
  const onForbidden = (refusal: string) => {
    mayWatchAt = clock.elapsed() + forbiddenMs;
    say(
      "budgets",
      `a budget that opens is noticed late, as PodDisruptionBudgets cannot be watched: ${refusal}`,
    );
  };
  return {
    name: "disruption",
    stages: ["slot"],
    cost: "remote",
    isAskedOnceForSlot: true,
    async check({ now, slowGraceSeconds }, signal) {
      const facts = await readFacts(ports, nodeName, drain, { now, slowGraceSeconds }, signal);
      const inNeed = needRoom(facts);
      const surges = await readBlockedSurges(api, facts, drain.surge, signal);
      const readRoom = () => readRoomFor(api, nodeName, inNeed, signal);
      const cluster = inNeed.length > 0 ? await unlessNotGranted(readRoom, undefined) : undefined;
      const { pods } = planDrain({ ...facts, surges, cluster });
      const blocked = foundOf(pods, (finding) => isLasting(finding, escalation, now));
      const [code] = blocked[0]?.codes ?? [];
      if (code !== undefined) {
        const changesAt = Math.min(...blocked.map(({ until }) => until));
        return {
          open: false,
          code,
          message: `the drain could not succeed: ${named(blocked)}`,
          watch:
            clock.elapsed() < mayWatchAt
              ? undefined
              : watchOf(ports, { ...facts, surges }, blocked, onForbidden),
          ...(Number.isFinite(changesAt) && { changesAt }),
        };
      }
      const held = foundOf(pods, isHeld);
      if (held.length > 0) say("budget-held", `the drain depends on others (budget-held): ${named(held)}`);
      return { open: true };
    },
  };
}

async function readFacts(
  { looked, ...looks }: DisruptionPorts,
  nodeName: string,
  { selection, podSelector, gracePeriodSeconds, escalation, heldSelector }: DrainSettings,
  times: Pick<PreflightFacts, "now" | "slowGraceSeconds">,
  signal: AbortSignal,
): Promise<PreflightFacts> {
  const blockers = await readBlockers(looks, nodeName, podSelector, signal);
  if (heldSelector !== undefined) {
    const isThere = blockers.budgets.some((one) => isSaidToBeHeld(selection, one));
    looked(`--budget-held-selector=${JSON.stringify(heldSelector)}`, isThere);
  }
  // Deletion at the end of the escalation ignores budgets.
  const drainDeleteAfterMs = Number.isFinite(escalation.drainDeleteAfterMs) ? 0 : Number.POSITIVE_INFINITY;
  return {
    ...blockers,
    ...times,
    nodeName,
    selection,
    gracePeriodSeconds,
    escalation: { ...escalation, drainDeleteAfterMs },
  };
}

/** The Deployments of pods that a budget blocks and a roll-out may replace: only these need be known before. */
async function readBlockedSurges(
  api: Api,
  facts: PreflightFacts,
  surge: SurgeSettings | undefined,
  signal: AbortSignal,
): Promise<PreflightFacts["surges"]> {
  if (surge === undefined) return undefined;
  const keys = new Set(
    planDrain(facts)
      .pods.filter(isBlocked)
      .map(({ key }) => key),
  );
  if (keys.size === 0) return undefined;
  const blocked = facts.pods.filter((pod) => keys.has(podKey(pod)));
  const { readSurges } = await import("../drain/surge/look.ts");
  return readSurges(api, blocked, surge, signal, surgesMax);
}

/**
 * Undefined unless budgets alone block the drain, in few namespaces. A draw keeps thousands of nodes from
 * watching at the same time.
 */
function watchOf(
  ports: DisruptionPorts,
  facts: PreflightFacts,
  blocked: readonly Found<ObstacleCode>[],
  onForbidden: (refusal: string) => void,
): WatchOpening | undefined {
  const { clock, random } = ports;
  if (blocked.some(({ codes }) => codes.some((code) => !byBudget.includes(code)))) return undefined;
  const keys = new Set(blocked.map(({ key }) => key));
  const pods = facts.pods.filter((pod) => keys.has(podKey(pod)));
  const namespaces = [...new Set(pods.map(({ metadata }) => metadata?.namespace ?? ""))];
  if (namespaces.length > namespacesMax) return undefined;
  const nodesMost = podsMost(pods, facts.budgets);
  if (random() * nodesMost >= watchersMax) return undefined;
  // The watch keeps the facts, so they contain only the blocked pods.
  const held: PreflightFacts = { ...facts, pods, budgets: [] };
  const askedAt = clock.elapsed();
  const isOpen = (budgets: readonly Budget[]) => {
    const now = held.now + clock.elapsed() - askedAt;
    const { pods } = planDrain({ ...held, budgets, now });
    // A busy budget does not block: it soon shows how many disruptions it allows.
    return !pods.some(({ findings }) =>
      findings.some((one) => one.blocks && !isRecent(one, held.escalation, now)),
    );
  };
  return {
    nodesMost: Math.min(nodesMost, watchersMax),
    follow: (notify, signal) =>
      followNamespaces(
        ports,
        namespaces,
        { onForbidden, onBudgets: (budgets) => notify(budgets !== undefined && isOpen(budgets)) },
        signal,
      ),
  };
}

interface BudgetListener {
  /**
   * Called with the budgets of all namespaces, or with undefined while those of one namespace are unknown.
   */
  onBudgets: (budgets: readonly Budget[] | undefined) => void;
  /** Called when a watch is forbidden, which ends it. */
  onForbidden: (refusal: string) => void;
}

async function followNamespaces(
  { api, clock, random }: DisruptionPorts,
  namespaces: readonly string[],
  { onBudgets, onForbidden }: BudgetListener,
  outer: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([outer, over.signal]);
  const known = new Map<string, readonly Budget[]>();
  const followOne = async (namespace: string) => {
    const onChange = (budgets: readonly Budget[] | undefined) => {
      if (budgets === undefined) known.delete(namespace);
      else known.set(namespace, budgets);
      onBudgets(known.size === namespaces.length ? [...known.values()].flat() : undefined);
    };
    const options = { api, clock, random, namespace, trustMs, onBudgets: onChange };
    const refusal = await followBudgets(options, signal);
    if (refusal === undefined) return;
    over.abort();
    onForbidden(refusal);
  };
  await Promise.all(namespaces.map(followOne));
}

/** The most pods that one of these budgets covers, and so the most nodes that it can block. */
function podsMost(pods: readonly Pod[], budgets: readonly Budget[]): number {
  const held = pods.flatMap((pod) => budgetsOver(pod, budgets));
  return Math.max(0, ...held.map(({ status }) => status?.expectedPods ?? 0));
}

/** The pods with findings of this kind. */
function foundOf<C extends FindingCode>(
  pods: readonly PodPlan[],
  isMeant: (finding: Finding) => finding is Finding<C>,
): Found<C>[] {
  return pods.flatMap(({ key, findings }) => {
    const found = findings.filter(isMeant);
    if (found.length === 0) return [];
    return {
      key,
      codes: found.map(({ code }) => code),
      text: found.map(({ message }) => message).join(", and "),
      until: Math.max(...found.map(({ until = Number.POSITIVE_INFINITY }) => until)),
    };
  });
}

function named(pods: readonly { key: string; text: string }[]): string {
  const alike = Map.groupBy(pods.slice(0, podsMax), ({ text }) => text);
  const texts = [...alike].map(([text, pods]) => `${pods.map(({ key }) => key).join(", ")}: ${text}`);
  const rest = Math.max(0, pods.length - podsMax);
  const more = rest > 0 ? `; and ${rest} more` : "";
  return `${texts.join("; ")}${more}`;
}

/**
 * True for a finding that makes the drain fail. A budget that was exhausted a moment ago only makes it wait:
 * pods of the node before may still be starting, and most of the drain's time is left.
 */
function isLasting(finding: Finding, escalation: Escalation, now: number): finding is Finding<ObstacleCode> {
  return isObstacle(finding) && !isRecent(finding, escalation, now);
}

function isHeld(finding: Finding): finding is Finding<"budget-held"> {
  return finding.code === "budget-held";
}

function isRecent({ since }: Finding, { drainTimeoutMs }: Escalation, now: number): boolean {
  return since !== undefined && now - since < drainTimeoutMs / 3;
}
