/**
 * Answers of gates as they are remembered: which of them still hold, and for how long a watch replaces the
 * next question. Pure.
 */
import { doubledMs } from "../../time/backoff.ts";
import type { Gate, GateAnswer } from "../gate.ts";

/** The longest pause between two questions to a gate of the slot that keeps giving the same answer. */
const sameAgainMaxMs = 10 * 60_000;
/** The same for one that is watched until it opens: other things that may open it are noticed no sooner. */
const watched = { firstMs: 5 * 60_000, maxMs: 20 * 60_000 };

/** The last answer of a gate. */
export interface LastAnswer {
  readonly answer: GateAnswer;
  /** When it was given, on the monotonic clock. */
  readonly at: number;
  /** How long it holds by its own account; milliseconds, infinite where it does not say. */
  readonly holdsMs: number;
  /** How often in a row it was the same. */
  readonly times: number;
  /** How often in a row a watch had seen the gate open, and the answer was closed again. */
  readonly inVain: number;
  readonly isWatched: boolean;
  /** A watch has seen the gate open since: the answer no longer counts. */
  readonly hasOpened: boolean;
}

/** Both clocks, in milliseconds. */
export interface Now {
  elapsed: number;
  wall: number;
}

export interface Periods {
  /** A remote gate that is closed is not asked again sooner. */
  recheckMs: number;
  /** The same for all remote gates while a local one is closed anyway. */
  periodMs: number;
}

export function nextAnswer(last: LastAnswer | undefined, answer: GateAnswer, now: Now): LastAnswer {
  return {
    answer,
    at: now.elapsed,
    holdsMs: (answer.changesAt ?? Number.POSITIVE_INFINITY) - now.wall,
    times: last !== undefined && isSame(last.answer, answer) ? last.times + 1 : 1,
    inVain: last?.hasOpened ? last.inVain + 1 : Math.max(0, (last?.inVain ?? 0) - 1),
    isWatched: false,
    hasOpened: false,
  };
}

/**
 * The answer that is used again; undefined where the gate is to be asked. Open answers are used only while a
 * local gate is closed.
 */
export function reusable(
  last: LastAnswer | undefined,
  { stages }: Pick<Gate, "stages">,
  { now, isHeldLocally }: { now: Now; isHeldLocally: boolean },
  { recheckMs, periodMs }: Periods,
): GateAnswer | undefined {
  if (last === undefined || last.hasOpened) return undefined;
  const { answer, at, holdsMs } = last;
  // A gate that announces its next answer is asked then, but no sooner than others.
  const mostMs = holdsMs > 0 ? Math.max(holdsMs, recheckMs) : sameAgainMaxMs;
  const closedMs = stages.includes("slot") ? Math.min(closedForMs(last, recheckMs), mostMs) : recheckMs;
  const goodForMs = Math.max(isHeldLocally ? periodMs : 0, answer.open ? 0 : closedMs);
  const agoMs = now.elapsed - at;
  if (agoMs >= goodForMs) return undefined;
  // The announced time has passed by either clock: nothing waits for it.
  const isOver = agoMs >= holdsMs || now.wall >= (answer.changesAt ?? Number.POSITIVE_INFINITY);
  return isOver ? { ...answer, changesAt: undefined } : answer;
}

/**
 * When a watch of a closed gate may report the opening at the earliest, and when it ends; on the monotonic
 * clock.
 */
export function watchSpan(last: LastAnswer, { recheckMs }: Periods): { notBefore: number; until: number } {
  const { at, inVain } = last;
  const restMs = inVain === 0 ? 0 : doubledMs(inVain, { firstMs: recheckMs, maxMs: sameAgainMaxMs });
  return { notBefore: at + restMs, until: at + closedForMs({ ...last, isWatched: true }, recheckMs) };
}

function closedForMs({ times, isWatched }: LastAnswer, recheckMs: number): number {
  return doubledMs(times, isWatched ? watched : { firstMs: recheckMs, maxMs: sameAgainMaxMs });
}

function isSame(a: GateAnswer, b: GateAnswer): boolean {
  return !a.open && !b.open && a.code === b.code && a.message === b.message;
}
