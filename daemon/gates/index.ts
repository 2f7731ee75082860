import { type Clock, withDeadline } from "../clock.ts";
import {
  type ClosedGate,
  cannotTell,
  type Gate,
  type GateAnswer,
  type GateAnswers,
  type GateMoment,
  type Stage,
} from "./gate.ts";

/** So rarely at last is a gate asked for the slot that says the same each time. */
const sameAgainMaxMs = 10 * 60_000;

/** A gate that has not answered by then is closed. */
const gateDeadlineMs = 15_000;

export interface GateRounds {
  clock: Clock;
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

export type CheckGates = (asked: Asked, signal: AbortSignal) => Promise<GateAnswers>;

/** An answer with the time at which it was given, and how often in a row. */
interface Given {
  answer: GateAnswer;
  at: number;
  times: number;
}

/**
 * Asks all gates at once and reports every closed one. A gate that cannot be evaluated is closed and says so. Only a closed
 * answer from afar is used again: what opens the way is always from now.
 */
export function createGateCheck(
  gates: readonly Gate[],
  { clock, recheckMs, periodMs }: GateRounds,
): CheckGates {
  const given = new Map<Gate, Given>();

  return async (asked, signal) => {
    const moment = { ...asked, now: clock.wall() };
    const counting = gates.filter(
      (gate) => isAsked(gate, asked.stage) && !(asked.urgent && gate.urgentPasses),
    );
    const here = counting.filter((gate) => gate.asks === "here");
    const afar = asked.isLockFull ? [] : counting.filter((gate) => gate.asks === "afar");
    const answers = await Promise.all(here.map(async (gate) => [gate, await ask(gate, moment)] as const));
    const isHeldHere = answers.some(([, answer]) => !answer.open);
    const more = await Promise.all(
      afar.map(async (gate) => [gate, known(gate, isHeldHere) ?? (await askAfar(gate, moment))] as const),
    );
    return together([...answers, ...more]);

    async function askAfar(gate: Gate, moment: GateMoment): Promise<GateAnswer> {
      const answer = await ask(gate, moment);
      const last = given.get(gate);
      const times = last !== undefined && isSame(last.answer, answer) ? last.times + 1 : 1;
      given.set(gate, { answer, at: clock.elapsed(), times });
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

  /** At the start, what is asked for the slot is only remembered, while it would not be asked again. */
  function isAsked(gate: Gate, stage: Stage): boolean {
    if (gate.stages.includes(stage)) return true;
    return stage === "start" && gate.stages.includes("slot") && known(gate, false) !== undefined;
  }

  function known(gate: Gate, isHeldHere: boolean): GateAnswer | undefined {
    const last = given.get(gate);
    if (last === undefined) return undefined;
    const { answer, at, times } = last;
    const closedForMs = gate.stages.includes("slot")
      ? Math.min(recheckMs * 2 ** (times - 1), sameAgainMaxMs)
      : recheckMs;
    const goodForMs = isHeldHere ? periodMs : answer.open ? 0 : closedForMs;
    return clock.elapsed() - at < goodForMs ? answer : undefined;
  }
}

function isSame(a: GateAnswer, b: GateAnswer): boolean {
  return !a.open && !b.open && a.code === b.code && a.message === b.message;
}

function together(answers: readonly (readonly [Gate, GateAnswer])[]): GateAnswers {
  const closed: ClosedGate[] = [];
  let changesAt: number | undefined;
  for (const [{ name, isBrief }, answer] of answers) {
    if (!answer.open) {
      const { code, message } = answer;
      closed.push({ gate: name, code, message, ...(isBrief && { isBrief }) });
    }
    if (answer.changesAt !== undefined) changesAt = Math.min(changesAt ?? answer.changesAt, answer.changesAt);
  }
  return { closed, changesAt };
}
