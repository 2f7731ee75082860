/**
 * Remembered answers of gates: the time for which each is valid, and for which a watch replaces the next
 * request. Pure.
 */
import { grownMs } from "../../time/backoff.ts";
import { ageMs, type Moments } from "../../time/both-clocks.ts";
import type { Gate, GateAnswer, Stage } from "../gate.ts";

/** An open answer counts for so long in the step that acquires the slot, for a gate that is asked once for it. */
const openAgainMs = 1000;
/** The longest pause between two requests to a gate of the slot whose answer stays the same. */
const sameAgainMaxMs = 10 * 60_000;
/** The same for a watched gate. An opening that the watch does not show is noticed only after this time. */
const watched = { firstMs: 5 * 60_000, maxMs: 20 * 60_000 };

/** The last answer of a gate. */
export interface LastAnswer {
  readonly answer: GateAnswer;
  /** Time of the question, by both clocks. */
  readonly asked: Moments;
  /** Time of the answer on the monotonic clock. */
  readonly at: number;
  /** Time until `changesAt` of the answer; milliseconds, infinite if the answer has none. */
  readonly holdsMs: number;
  /** Number of equal answers in a row. */
  readonly times: number;
  /** Number of times in a row that a watch saw the gate open and the next answer was closed again. */
  readonly inVain: number;
  readonly isWatched: boolean;
  /** A watch has seen the gate open since then, so the answer no longer counts. */
  readonly hasOpened: boolean;
}

export interface Periods {
  /** A closed remote gate is not asked again before this time. */
  recheckMs: number;
  /** The same for all remote gates while a local gate is closed anyway. */
  periodMs: number;
}

export function nextAnswer(
  last: LastAnswer | undefined,
  answer: GateAnswer,
  asked: Moments,
  now: Moments,
): LastAnswer {
  return {
    answer,
    asked,
    at: now.elapsed,
    holdsMs: (answer.changesAt ?? Number.POSITIVE_INFINITY) - now.wall,
    times: last !== undefined && isSame(last.answer, answer) ? last.times + 1 : 1,
    inVain: last?.hasOpened ? last.inVain + 1 : Math.max(0, (last?.inVain ?? 0) - 1),
    isWatched: false,
    hasOpened: false,
  };
}

/**
 * The answer that is used again; undefined if the gate must be asked. An open answer is used only while a
 * local gate is closed, and for a moment while the slot is acquired.
 */
export function reusable(
  last: LastAnswer | undefined,
  { stages, isAskedOnceForSlot }: Pick<Gate, "stages" | "isAskedOnceForSlot">,
  { now, isHeldLocally, stage }: { now: Moments; isHeldLocally: boolean; stage: Stage },
  { recheckMs, periodMs }: Periods,
): GateAnswer | undefined {
  if (last === undefined || last.hasOpened) return undefined;
  const { answer, asked, at, holdsMs } = last;
  const isForSlot = isAskedOnceForSlot && stage === "slot";
  if (answer.open && isForSlot && ageMs(asked, now) < openAgainMs) return answer;
  // A gate that announces its next answer is asked at that time, but not before other gates would be.
  const mostMs = holdsMs > 0 ? Math.max(holdsMs, recheckMs) : sameAgainMaxMs;
  const closedMs = stages.includes("slot") ? Math.min(closedForMs(last, recheckMs), mostMs) : recheckMs;
  const goodForMs = Math.max(isHeldLocally ? periodMs : 0, answer.open ? 0 : closedMs);
  const agoMs = now.elapsed - at;
  if (agoMs >= goodForMs) return undefined;
  // The announced time has passed by one of the clocks: nothing waits for it.
  const isOver = agoMs >= holdsMs || now.wall >= (answer.changesAt ?? Number.POSITIVE_INFINITY);
  return isOver ? { ...answer, changesAt: undefined } : answer;
}

/** Monotonic times between which a watch of a closed gate may report the opening. */
export function watchSpan(last: LastAnswer, { recheckMs }: Periods): { notBefore: number; until: number } {
  const { at, inVain } = last;
  const restMs = inVain === 0 ? 0 : grownMs(inVain, { firstMs: recheckMs, maxMs: sameAgainMaxMs });
  return { notBefore: at + restMs, until: at + closedForMs({ ...last, isWatched: true }, recheckMs) };
}

function closedForMs({ times, isWatched }: LastAnswer, recheckMs: number): number {
  return grownMs(times, isWatched ? watched : { firstMs: recheckMs, maxMs: sameAgainMaxMs });
}

function isSame(a: GateAnswer, b: GateAnswer): boolean {
  return !a.open && !b.open && a.code === b.code && a.message === b.message;
}
