import { contract } from "../annotations/names.ts";
import type { Budget, Node, Pod } from "../cluster/objects.ts";
import { type BudgetVerdict, judgeBudgets } from "./budgets.ts";
import type { Escalation } from "./escalation.ts";
import { estimateSeconds } from "./estimate.ts";
import type { Finding } from "./finding.ts";
import { findLongGrace } from "./long-grace.ts";
import type { BudgetFacts } from "./operators.ts";
import { optOutOf } from "./opted-out.ts";
import { mayGrow, mayPreempt, type Room, roomsOf, whyNowhere } from "./room.ts";
import {
  controllerOf,
  isFinished,
  isSaidToBeHeld,
  type PodReason,
  podKey,
  podReasonTexts,
  type Selection,
  selectPod,
  tierOf,
  type Verdict,
} from "./select.ts";
import { findStranded, mayBeStranded } from "./stranded.ts";
import { type Tie, tieOf } from "./successors.ts";
import { surgedBudgets } from "./surge/findings.ts";
import type { SurgePlan } from "./surge/plan.ts";

export interface PreflightFacts {
  nodeName: string;
  /** The pods on the node. */
  pods: readonly Pod[];
  /** At least the budgets of the pods' namespaces. */
  budgets: readonly Budget[];
  /** All Nodes, and the pods on the others that have not ended. Without them there are no findings about room. */
  cluster?: { nodes: readonly Node[]; pods: readonly Pod[] } | undefined;
  /** Takes "namespace/name". */
  daemonSetExists: (key: string) => boolean;
  selection: Selection;
  /** See {@link BudgetFacts}. */
  hasNoStandIn?: BudgetFacts["hasNoStandIn"];
  /** Whether `--drain-pod-selector` selects the pod; by default it selects all. */
  isSelected?: (pod: Pod) => boolean;
  /** The way of pods that a roll-out may replace first; without it none is. */
  surges?: ReadonlyMap<Pod, SurgePlan> | undefined;
  /** -1 leaves each pod its own. */
  gracePeriodSeconds: number;
  /**
   * The shortest grace with which a pod of this node has outlasted a drain before; undefined where none has.
   */
  slowGraceSeconds?: number | undefined;
  escalation: Escalation;
  now: number;
}

/** The course of a drain as things are. */
export interface DrainPlan {
  node: string;
  /** A finding on one of the pods blocks it. */
  blocked: boolean;
  /**
   * The fate of a blocked drain, in seconds from the cordon: when pods are deleted, and when it ends, undone
   * or by the reboot.
   */
  escalation: { deleteAfterSeconds?: number; endAfterSeconds: number; end: "undone" | "reboot" };
  /** How long it takes when each pod uses up its grace; absent when the drain is blocked. */
  estimatedSeconds: number | undefined;
  /** In the order of their evictions. */
  pods: readonly PodPlan[];
}

export interface PodPlan {
  /** "namespace/name". */
  key: string;
  tier: number;
  do: Verdict["do"];
  /** How long it may take to end from now on; absent for a pod that stays. */
  graceSeconds: number | undefined;
  reasons: readonly PodReason[];
  findings: readonly Finding[];
}

/** A node's drain, thought through without doing anything. Pure. */
export function planDrain(facts: PreflightFacts): DrainPlan {
  const { nodeName, cluster } = facts;
  const others = cluster?.nodes.filter(({ metadata }) => metadata?.name !== nodeName);
  const rooms = others && roomsOf(others, cluster?.pods ?? []);
  const stranded = others && !mayGrow(cluster?.nodes ?? []) ? strandedAmong(facts, others) : new Map();
  const judged = facts.pods.map((pod) => judgePod(pod, facts, rooms, stranded.get(pod)));
  const pods = judged.map(({ plan }) => plan);
  const blocked = pods.some(isBlocked);
  const going = judged.flatMap(({ plan: { tier, graceSeconds }, charges }) =>
    graceSeconds === undefined ? [] : { tier, graceSeconds, charges },
  );
  return {
    node: nodeName,
    blocked,
    escalation: escalationPlan(facts.escalation),
    estimatedSeconds: blocked ? undefined : estimateSeconds(going),
    pods: pods.toSorted((a, b) => a.tier - b.tier || a.key.localeCompare(b.key)),
  };
}

/** The pods on which the drain may not end, depending on the room on the other nodes. */
export function needRoom(facts: PreflightFacts): readonly Pod[] {
  return mayBeStranded(replacedPods(facts), facts.budgets);
}

function strandedAmong(facts: PreflightFacts, others: readonly Node[]): ReadonlyMap<Pod, Finding> {
  const rooms = roomsOf(others, facts.cluster?.pods ?? []);
  const emptied = roomsOf(others, []);
  const why = (pod: Pod) => whyNowhere(pod, mayPreempt(pod) ? emptied : rooms);
  return findStranded(replacedPods(facts), facts.budgets, why);
}

/** Pods that are evicted, under their budgets, and that a controller recreates elsewhere. */
function replacedPods(facts: PreflightFacts): readonly Pod[] {
  if (facts.escalation.drainDeleteAfterMs === 0) return [];
  return facts.pods.filter(
    (pod) =>
      verdictOn(pod, facts).do === "evict" &&
      !isOver(pod) &&
      budgetsOn(pod, facts).refused?.code !== "budget-held" &&
      controllerOf(pod) !== undefined &&
      tieOf(pod) === undefined,
  );
}

function escalationPlan(escalation: Escalation): DrainPlan["escalation"] {
  const { drainTimeoutMs, drainDeleteAfterMs, rebootAnyway } = escalation;
  return {
    ...(Number.isFinite(drainDeleteAfterMs) && { deleteAfterSeconds: drainDeleteAfterMs / 1000 }),
    endAfterSeconds: drainTimeoutMs / 1000,
    end: rebootAnyway ? "reboot" : "undone",
  };
}

export function isBlocked({ findings }: PodPlan): boolean {
  return findings.some(({ blocks }) => blocks);
}

function judgePod(
  pod: Pod,
  facts: PreflightFacts,
  rooms: readonly Room[] | undefined,
  stranded: Finding | undefined,
): { plan: PodPlan; charges?: Budget | undefined } {
  const { now } = facts;
  const verdict = verdictOn(pod, facts);
  const tier = tierOf(pod, verdict.do);
  const plan = { key: podKey(pod), tier, ...verdict, graceSeconds: undefined, findings: [] };
  if (verdict.do === "leave") return { plan };
  const isStop = verdict.do === "stop";
  const surge = isStop ? undefined : facts.surges?.get(pod);
  const budgets = surgedBudgets(isStop ? {} : budgetsOn(pod, facts), surge);
  const remarks = isOver(pod) ? [] : remarksOn(pod, rooms, now);
  const graceSeconds = graceOf(pod, isStop ? -1 : facts.gracePeriodSeconds, now);
  const grace = findLongGrace(pod, graceSeconds, facts);
  const { findings: own, charges } = budgets;
  const findings = [findingsOf(verdict), own, stranded ?? [], grace ?? [], remarks].flat();
  return { plan: { ...plan, graceSeconds, findings }, charges };
}

function verdictOn(pod: Pod, facts: PreflightFacts): Verdict {
  const { isSelected = () => true, selection, daemonSetExists, now } = facts;
  if (!isSelected(pod)) return { do: "leave", reasons: ["not-selected"] };
  return selectPod(pod, selection, daemonSetExists, now);
}

function budgetsOn(
  pod: Pod,
  { escalation, budgets, selection, hasNoStandIn }: PreflightFacts,
): BudgetVerdict {
  if (escalation.drainDeleteAfterMs === 0) return {};
  return judgeBudgets(pod, budgets, {
    isSaidToBeHeld: (budget) => isSaidToBeHeld(selection, budget),
    hasNoStandIn,
  });
}

/** A reason that does not make a pod stay has the name of a finding. */
function findingsOf({ do: what, reasons }: Verdict): Finding[] {
  return reasons.map((reason) => ({
    code: reason as Finding["code"],
    message: podReasonTexts[reason],
    blocks: what === "refuse",
  }));
}

/** A pod that has finished or is terminating: its replacement is on its way already. */
function isOver(pod: Pod): boolean {
  return isFinished(pod) || pod.metadata?.deletionTimestamp !== undefined;
}

/** Findings that stop no drain, but that somebody may want to know before. */
function remarksOn(pod: Pod, rooms: readonly Room[] | undefined, now: number): Finding[] {
  const optOut = optOutOf(pod, now);
  // A pod that nothing recreates needs no room, and does not come back.
  const isReplaced = controllerOf(pod) !== undefined;
  const tie = isReplaced ? tieOf(pod) : undefined;
  const nowhere = rooms && isReplaced && tie === undefined ? whyNowhere(pod, rooms) : undefined;
  const remarks: Finding[] = [];
  if (optOut !== undefined) {
    const message = `asks not to be disrupted (${optOut.why}); the drain evicts it anyway`;
    remarks.push({ code: "opted-out", message, blocks: false });
  }
  if (tie !== undefined) {
    const message = `${tieTexts[tie]}; its replacement on this node is not evicted and goes down with the machine`;
    remarks.push({ code: "comes-back", message, blocks: false });
  }
  if (nowhere !== undefined) remarks.push({ code: "nowhere-to-go", message: nowhere, blocks: false });
  return remarks;
}

const tieTexts: Readonly<Record<Tie, string>> = {
  "tolerates-cordon": `tolerates the cordon (${contract.unschedulable.key})`,
  "bound-to-node": "is bound to this node by its node affinity",
};

/** The server's default is 30 s; the deletion timestamp is the time at which the grace ends. */
function graceOf(pod: Pod, gracePeriodSeconds: number, now: number): number {
  const { deletionTimestamp } = pod.metadata ?? {};
  if (deletionTimestamp !== undefined)
    return Math.max(0, Math.ceil((Date.parse(deletionTimestamp) - now) / 1000));
  if (isFinished(pod)) return 0;
  return gracePeriodSeconds >= 0 ? gracePeriodSeconds : (pod.spec?.terminationGracePeriodSeconds ?? 30);
}
