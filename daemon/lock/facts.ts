import { type HaltAfter, halted } from "./failures.ts";
import { allPaused, type ClusterView, isOfControlPlane, refusal, type Situation } from "./limits.ts";
import { bootOf, type Holder, hasStaleEntry, holdersOf, holds, isManual, otherHolders } from "./lock.ts";
import type { LockObjectState } from "./lock-object.ts";
import type { Refusal } from "./refusal.ts";
import { isUnlocked } from "./unlocked.ts";

/** Pure: the answer of the lock to one node, and which look at other nodes may still change that answer. */

/** The state of the lock for this node. */
export interface LockFacts {
  held: boolean;
  /**
   * The beginning of the boot ID under which the slot was taken, if the node holds one and its entry has that
   * field.
   */
  boot?: string | undefined;
  /** An entry with this node's name that is not, or no longer, its slot. The node removes it. */
  hasStaleEntry: boolean;
  /** The reason why a cycle may not start now: slots of others, manual entries, a pause, a halt. */
  refusal: Refusal | undefined;
  holders: readonly Holder[];
  /** `allowed`: the limit of nodes in the lock. `held`: the nodes that are in. */
  slots: { allowed: number; held: number };
  /** A person has taken the slot of this node away: the node does not put its entry back. */
  takenAway: boolean;
  /** The sentence for the halt of all reboots that this write has caused. */
  halt?: string | undefined;
  /** The resourceVersion of the object with the lock. */
  version: string | undefined;
}

/** All that decides on the answer, but for the time. */
export interface Question extends Omit<Situation, "lock" | "lastRebootAt"> {
  state: LockObjectState;
  haltAfter: HaltAfter;
}

export function refusalOf(question: Question, now: number): Refusal | undefined {
  const { state, haltAfter, waiting, limits } = question;
  const view = { ...question.view, absent: missingIn(state, question.view.absent) };
  return (
    allPaused(state.paused, now) ??
    halted(state.failures, haltAfter) ??
    refusal({ lock: state.lock, lastRebootAt: state.lastRebootAt, waiting, view, limits }, now)
  );
}

export function factsOf(question: Question, now: number): LockFacts {
  const { state, waiting } = question;
  const { lock, unlocked, version } = state;
  const held = holds(lock, waiting.identity, now);
  return {
    held,
    boot: bootOf(lock, waiting.identity, now),
    hasStaleEntry: hasStaleEntry(lock, waiting.identity, now),
    // Other nodes no longer hold back a node that is in.
    refusal: refusalOf(held ? { ...question, view: {} } : question, now),
    holders: holdersOf(lock),
    slots: {
      allowed: question.limits.concurrency,
      held: otherHolders(lock, waiting.identity, now).length + (held ? 1 : 0),
    },
    takenAway: isUnlocked(unlocked, waiting.identity.name),
    version,
  };
}

/** One look at other nodes fills one field of the view. */
export type ViewPart = keyof ClusterView;

/**
 * The next look at other nodes that may decide; undefined once the answer is known. A look whose key is in
 * the view was made, also if it found nothing. The cheapest look is first, and none is made for a node that
 * is in or is refused already.
 */
export function nextLook(question: Question, now: number): ViewPart | undefined {
  const { state, waiting, view } = question;
  if (holds(state.lock, waiting.identity, now) || refusalOf(question, now) !== undefined) return undefined;
  return looksFor(question).find((look) => !(look in view));
}

/** The looks that matter to this node under these limits. */
function looksFor({ waiting, limits }: Pick<Question, "waiting" | "limits">): readonly ViewPart[] {
  return [
    ...(isOfControlPlane(waiting.labels) ? (["controlPlane", "podsDown"] as const) : []),
    "absent",
    ...(limits.maxUnavailable === undefined ? [] : (["unavailable"] as const)),
  ];
}

/** The nodes that the lock does not name, and whose slot no person has taken away. */
export function missingIn(
  { lock, unlocked }: LockObjectState,
  nodes: readonly Holder[] | undefined,
): readonly Holder[] | undefined {
  if (nodes === undefined || nodes.length === 0) return nodes;
  const named = new Set(
    holdersOf(lock)
      .filter((holder) => !isManual(holder))
      .map(({ nodeID }) => nodeID),
  );
  for (const { node } of unlocked) named.add(node);
  return nodes.filter(({ nodeID }) => !named.has(nodeID));
}
