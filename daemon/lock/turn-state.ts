import type { LockFacts } from "./facts.ts";
import type { Holder } from "./lock.ts";
import { isByPeople, type Refusal } from "./refusal.ts";

/** Pure: the answer of a node that waits for its turn to each event. The shell in turn.ts performs the requests. */
export interface TurnState {
  /** A slot is free: other nodes go first for a while ("delayed"), then it is this node's turn ("due"). */
  offer: "none" | "delayed" | "due";
  /** The refusal that the Node reports. */
  reported: Refusal | undefined;
  /** The refusal of the lock as it was seen last. */
  current: Refusal | undefined;
  isReportPending: boolean;
  isTrustEnding: boolean;
  /**
   * RFC 3339: since when the node that was seen to enter last needed its reboot. It may have left meanwhile.
   */
  lastEntrantNeededSince: string | undefined;
}

export type TurnEvent =
  /** The loop has read the lock, and its Node reports that refusal. `facts` may be newer than the read. */
  | { event: "followed"; reported: Refusal | undefined; facts: LockFacts }
  /** `hasEntered`: there are more holders than before. */
  | { event: "watched"; facts: LockFacts; hasEntered: boolean }
  | { event: "watch-broke" }
  /** The delay for the nodes before this one has passed. */
  | { event: "delay-over" }
  /** The pause that spreads the reports of many nodes has passed. */
  | { event: "report-pause-over" }
  /** `isStale` unless the lock was read meanwhile. */
  | { event: "trust-over"; isStale: boolean }
  /** The loop has asked whether it is its turn. */
  | { event: "claimed" }
  | { event: "stopped" };

/** The first three wait, and then become an event. */
export type TurnRequest =
  | "delay"
  | "lengthen-delay"
  | "pause-report"
  | "await-trust-end"
  | "end-delay"
  | "call-due"
  | "call-news";

export interface TurnStep {
  next: TurnState;
  requests: readonly TurnRequest[];
}

export const initialTurn: TurnState = {
  offer: "none",
  reported: undefined,
  current: undefined,
  isReportPending: false,
  isTrustEnding: false,
  lastEntrantNeededSince: undefined,
};

export function onTurnEvent(state: TurnState, event: TurnEvent): TurnStep {
  switch (event.event) {
    case "followed":
      return observe({ ...state, reported: event.reported }, event.facts);
    case "watched":
      return reportNews(yieldToEntrant(observe(state, event.facts), state, event.hasEntered));
    case "watch-broke":
      if (state.isTrustEnding) return { next: state, requests: [] };
      return { next: { ...state, isTrustEnding: true }, requests: ["await-trust-end"] };
    case "delay-over":
      return { next: { ...state, offer: "due" }, requests: ["call-due"] };
    case "report-pause-over":
      return { next: { ...state, isReportPending: false }, requests: isNews(state) ? ["call-news"] : [] };
    case "trust-over":
      return { next: { ...state, isTrustEnding: false }, requests: event.isStale ? ["call-news"] : [] };
    case "claimed":
      return { next: state.offer === "due" ? { ...state, offer: "none" } : state, requests: [] };
    case "stopped":
      return {
        next: { ...initialTurn, lastEntrantNeededSince: state.lastEntrantNeededSince },
        requests: endOfDelay(state),
      };
    default:
      return event satisfies never;
  }
}

/** A free slot is offered once; the offer ends as soon as the node is refused. */
function observe(before: TurnState, { refusal, holders }: LockFacts): TurnStep {
  const lastEntrantNeededSince = lastEntered(holders)?.neededSince ?? before.lastEntrantNeededSince;
  const state = { ...before, current: refusal, lastEntrantNeededSince };
  if (refusal !== undefined) return { next: { ...state, offer: "none" }, requests: endOfDelay(state) };
  if (state.offer !== "none") return { next: state, requests: [] };
  return { next: { ...state, offer: "delayed" }, requests: ["delay"] };
}

/**
 * Another node has just entered, and a slot is free still. With many free slots all others would come at once as the
 * delays end, and meet in conflicts.
 */
function yieldToEntrant({ next, requests }: TurnStep, { offer }: TurnState, hasEntered: boolean): TurnStep {
  const isStillDelayed = offer === "delayed" && next.offer === "delayed";
  return { next, requests: isStillDelayed && hasEntered ? [...requests, "lengthen-delay"] : requests };
}

function endOfDelay({ offer }: TurnState): readonly TurnRequest[] {
  return offer === "delayed" ? ["end-delay"] : [];
}

function reportNews({ next, requests }: TurnStep): TurnStep {
  if (next.isReportPending || !isNews(next)) return { next, requests };
  return { next: { ...next, isReportPending: true }, requests: [...requests, "pause-report"] };
}

/**
 * True if the Node has to report another refusal. A free slot has its own call, or is taken again at once.
 */
function isNews({ current, reported }: TurnState): boolean {
  if (current === undefined) return false;
  if (current.code !== reported?.code) return true;
  return isByPeople(current) && current.message !== reported.message;
}

/**
 * The facts, if other nodes are in the way of this one, as the lock alone shows it: a watch shows nothing of
 * other Nodes. A refusal that is over by itself counts no longer, whether or not a watch has shown that.
 */
export function refusedByLock(facts: LockFacts | undefined, now: number): LockFacts | undefined {
  if (facts?.refusal === undefined || facts.held || facts.hasStaleEntry) return undefined;
  const { dependsOnNodes, until = Number.POSITIVE_INFINITY } = facts.refusal;
  return dependsOnNodes || now >= until ? undefined : facts;
}

/** The entry that was made last, if any. */
export function lastEntered(holders: readonly Holder[]): Holder | undefined {
  const entered = holders.filter(({ created }) => created !== undefined);
  return entered.sort((a, b) => Date.parse(b.created ?? "") - Date.parse(a.created ?? ""))[0];
}
