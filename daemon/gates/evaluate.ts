import type { Clock, Random } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";
import { linked } from "../time/linked.ts";
import { awaitOpening } from "./evaluation/await-opening.ts";
import {
  cannotTell,
  type Gate,
  type GateAnswer,
  type GateAnswers,
  type GateMoment,
  type Stage,
  type WatchOpening,
} from "./gate.ts";
import type { Closed } from "./reasons.ts";

/** So rarely at last is a gate asked for the slot that says the same each time. */
const sameAgainMaxMs = 10 * 60_000;
/** And one of which it is seen when it opens: what else may open it is seen no sooner. */
const watched = { firstMs: 5 * 60_000, maxMs: 20 * 60_000 };

/** A gate that has not answered by then is closed. */
const gateDeadlineMs = 15_000;

export interface GateRounds {
  clock: Clock;
  random: Random;
  /** What was asked afar and is closed is not asked again sooner. */
  recheckMs: number;
  /** The same for all that was asked afar, while something that is asked here holds the node back anyway. */
  periodMs: number;
}

/** What is asked of all gates together. */
export interface Asked extends Omit<GateMoment, "now"> {
  urgent: boolean;
  /** Others are seen to hold all slots: nothing is asked afar. */
  isLockFull: boolean;
}

/** `onOpening`: called when a gate that was closed is worth another look before its time. Without it none is watched. */
export type CheckGates = (asked: Asked, signal: AbortSignal, onOpening?: () => void) => Promise<GateAnswers>;

/** An answer with the time at which it was given, for how long it says itself that it holds, and how often in a row it was given. */
interface Given {
  answer: GateAnswer;
  at: number;
  holdsMs: number;
  times: number;
  /** How often in a row it was asked since it had been seen to open, and was closed again. */
  inVain: number;
  isWatched?: boolean;
  hasOpened?: true;
  stopWatching?: () => void;
}

/**
 * Asks all gates at once and reports every closed one. A gate that cannot be evaluated is closed and says so. Only a closed
 * answer from afar is used again: what opens the way is always from now.
 */
export function createGateCheck(
  gates: readonly Gate[],
  { clock, random, recheckMs, periodMs }: GateRounds,
): CheckGates {
  const given = new Map<Gate, Given>();

  return async (asked, signal, onOpening) => {
    const moment = { ...asked, now: clock.wall() };
    const counting = gates.filter(
      (gate) => isAsked(gate, asked.stage) && !(asked.urgent && gate.urgentPasses),
    );
    const local = counting.filter((gate) => gate.cost === "local");
    const remote = asked.isLockFull ? [] : counting.filter((gate) => gate.cost === "remote");
    const answers = await Promise.all(local.map(async (gate) => [gate, await ask(gate, moment)] as const));
    const isHeldLocally = answers.some(([, answer]) => !answer.open);
    const more = await Promise.all(
      remote.map(
        async (gate) => [gate, known(gate, isHeldLocally) ?? (await askServer(gate, moment))] as const,
      ),
    );
    return together([...answers, ...more]);

    async function askServer(gate: Gate, moment: GateMoment): Promise<GateAnswer> {
      const answer = await ask(gate, moment);
      const last = given.get(gate);
      const times = last !== undefined && isSame(last.answer, answer) ? last.times + 1 : 1;
      const inVain = last?.hasOpened ? last.inVain + 1 : Math.max(0, (last?.inVain ?? 0) - 1);
      const holdsMs = (answer.changesAt ?? Number.POSITIVE_INFINITY) - clock.wall();
      last?.stopWatching?.();
      const now: Given = { answer, at: clock.elapsed(), holdsMs, times, inVain };
      given.set(gate, now);
      if (!answer.open && answer.watch && onOpening) void follow(now, answer.watch, onOpening, signal);
      return answer;
    }

    async function ask(gate: Gate, moment: GateMoment): Promise<GateAnswer> {
      try {
        const { name, deadlineMs = gateDeadlineMs } = gate;
        return await withDeadline(clock, deadlineMs, signal, `asking the gate ${name}`, (inner) =>
          gate.check(moment, inner),
        );
      } catch (error) {
        signal.throwIfAborted();
        return cannotTell(error);
      }
    }
  };

  /** No longer than the answer is remembered: nobody may want to know any more. */
  async function follow(
    one: Given,
    watch: WatchOpening,
    onOpening: () => void,
    outer: AbortSignal,
  ): Promise<void> {
    const { signal, end: stop } = linked(outer);
    one.isWatched = true;
    one.stopWatching = stop;
    const restMs = one.inVain === 0 ? 0 : Math.min(recheckMs * 2 ** (one.inVain - 1), sameAgainMaxMs);
    const end = await awaitOpening(
      { clock, random, watch, notBefore: one.at + restMs, until: one.at + closedForMs(one) },
      signal,
    );
    stop();
    if (end === "blind") one.isWatched = false;
    if (end !== "opened") return;
    one.hasOpened = true;
    onOpening();
  }

  function closedForMs({ times, isWatched }: Given): number {
    if (!isWatched) return Math.min(recheckMs * 2 ** (times - 1), sameAgainMaxMs);
    return Math.min(watched.firstMs * 2 ** (times - 1), watched.maxMs);
  }

  /** At the start, what is asked for the slot is only remembered, while it would not be asked again. */
  function isAsked(gate: Gate, stage: Stage): boolean {
    if (gate.stages.includes(stage)) return true;
    return stage === "start" && gate.stages.includes("slot") && known(gate, false) !== undefined;
  }

  function known(gate: Gate, isHeldLocally: boolean): GateAnswer | undefined {
    const last = given.get(gate);
    if (last === undefined || last.hasOpened) return undefined;
    const { answer, at, holdsMs } = last;
    // One that says itself when it is another one is asked then, but no sooner than others.
    const mostMs = holdsMs > 0 ? Math.max(holdsMs, recheckMs) : sameAgainMaxMs;
    const closedMs = gate.stages.includes("slot") ? Math.min(closedForMs(last), mostMs) : recheckMs;
    const goodForMs = Math.max(isHeldLocally ? periodMs : 0, answer.open ? 0 : closedMs);
    const agoMs = clock.elapsed() - at;
    if (agoMs >= goodForMs) return undefined;
    // What it has said of itself is over, by either clock: nobody is to wait for that.
    const isOver = agoMs >= holdsMs || clock.wall() >= (answer.changesAt ?? Number.POSITIVE_INFINITY);
    return isOver ? { ...answer, changesAt: undefined } : answer;
  }
}

function isSame(a: GateAnswer, b: GateAnswer): boolean {
  return !a.open && !b.open && a.code === b.code && a.message === b.message;
}

function together(answers: readonly (readonly [Gate, GateAnswer])[]): GateAnswers {
  const closed: Closed[] = [];
  let changesAt: number | undefined;
  for (const [{ name, isTransient }, answer] of answers) {
    if (!answer.open) {
      const { code, message } = answer;
      // A gate answers with codes of its own alone.
      closed.push({ gate: name, code, message, ...(isTransient && { isTransient }) } as Closed);
    }
    if (answer.changesAt !== undefined) changesAt = Math.min(changesAt ?? answer.changesAt, answer.changesAt);
  }
  return { closed, changesAt };
}
