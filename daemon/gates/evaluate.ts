import { type Moments, momentsOf } from "../time/both-clocks.ts";
import type { Clock, Random } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";
import { linked } from "../time/linked.ts";
import { type LastAnswer, nextAnswer, type Periods, reusable, watchSpan } from "./evaluation/answers.ts";
import { awaitOpening } from "./evaluation/await-opening.ts";
import {
  cannotTell,
  type Gate,
  type GateAnswer,
  type GateAnswers,
  type GateContext,
  type Stage,
  type WatchOpening,
} from "./gate.ts";
import type { Closed } from "./reasons.ts";

/** A gate that has not answered by then is closed. */
const gateDeadlineMs = 15_000;

export interface GateRounds extends Periods {
  clock: Clock;
  random: Random;
}

/** The facts for all gates together. */
export interface Asked extends Omit<GateContext, "now"> {
  urgent: boolean;
  /** Other nodes hold all slots: no remote gate is asked. */
  isLockFull: boolean;
}

/**
 * `onOpening` is called when a closed gate may have opened before its next look. Without it no gate is
 * watched.
 */
export type CheckGates = (asked: Asked, signal: AbortSignal, onOpening?: () => void) => Promise<GateAnswers>;

/**
 * Asks all gates at once and reports every closed one. A gate that cannot be evaluated is closed, and its
 * reason says so. A closed answer of a remote gate is used again; an open one only where it was given a moment
 * ago, see {@link reusable}.
 */
export function createGateCheck(gates: readonly Gate[], rounds: GateRounds): CheckGates {
  const { clock } = rounds;
  const memory = createMemory(rounds);

  return async (asked, signal, onOpening) => {
    const context = { ...asked, now: clock.wall() };
    const counting = gates.filter((gate) => isAsked(gate, asked, memory) && !isPassed(gate, asked));
    const local = counting.filter((gate) => gate.cost === "local");
    // A node that returns waits for no slot, and the cycle itself knows when to look again.
    const isReturn = asked.stage === "return";
    const remote = asked.isLockFull && !isReturn ? [] : counting.filter((gate) => gate.cost === "remote");
    const ask = (gate: Gate) => askGate(gate, context, clock, signal);
    const answers = await Promise.all(local.map(async (gate) => [gate, await ask(gate)] as const));
    const isHeldLocally = answers.some(([, answer]) => !answer.open);
    const askServer = async (gate: Gate) => {
      const askedAt = momentsOf(clock);
      const answer = await ask(gate);
      memory.remember(gate, answer, askedAt, onOpening, signal);
      return answer;
    };
    const more = await Promise.all(
      remote.map(
        async (gate) =>
          [
            gate,
            (isReturn ? undefined : memory.reusable(gate, asked.stage, isHeldLocally)) ??
              (await askServer(gate)),
          ] as const,
      ),
    );
    return together([...answers, ...more]);
  };
}

/** Whether the node does not wait for the gate at all. */
export function isPassed({ urgentPasses }: Gate, { urgent }: Pick<Asked, "urgent">): boolean {
  return urgent && urgentPasses === true;
}

/** At the start, a gate of the slot counts only by an answer that is still remembered; it is not asked. */
function isAsked(gate: Gate, { stage }: Asked, memory: Memory): boolean {
  if (gate.stages.includes(stage)) return true;
  return (
    stage === "start" && gate.stages.includes("slot") && memory.reusable(gate, stage, false) !== undefined
  );
}

async function askGate(
  gate: Gate,
  context: GateContext,
  clock: Clock,
  signal: AbortSignal,
): Promise<GateAnswer> {
  try {
    const { name, deadlineMs = gateDeadlineMs } = gate;
    return await withDeadline(clock, deadlineMs, signal, `asking the gate ${name}`, (inner) =>
      gate.check(context, inner),
    );
  } catch (error) {
    signal.throwIfAborted();
    return cannotTell(error);
  }
}

interface Memory {
  reusable(gate: Gate, stage: Stage, isHeldLocally: boolean): GateAnswer | undefined;
  /** Keeps the answer, and watches a closed gate that can be watched until it opens. */
  remember(
    gate: Gate,
    answer: GateAnswer,
    asked: Moments,
    onOpening: (() => void) | undefined,
    signal: AbortSignal,
  ): void;
}

/** The last answers of remote gates, and the watches of those that are closed. */
function createMemory(rounds: GateRounds): Memory {
  const { clock, random } = rounds;
  const lastAnswers = new Map<Gate, LastAnswer>();
  const watches = new Map<Gate, () => void>();
  const now = () => momentsOf(clock);

  /** Watches for as long as the answer is remembered: an opening later than that changes nothing. */
  async function follow(gate: Gate, last: LastAnswer, watch: WatchOpening, outer: AbortSignal) {
    const { signal, end: stop } = linked(outer);
    watches.set(gate, stop);
    const result = await awaitOpening({ clock, random, watch, ...watchSpan(last, rounds) }, signal);
    stop();
    return lastAnswers.get(gate) === last ? result : "over";
  }

  return {
    reusable: (gate, stage, isHeldLocally) =>
      reusable(lastAnswers.get(gate), gate, { now: now(), isHeldLocally, stage }, rounds),
    remember(gate, answer, asked, onOpening, signal) {
      const next = nextAnswer(lastAnswers.get(gate), answer, asked, now());
      watches.get(gate)?.();
      watches.delete(gate);
      const watch = answer.open || onOpening === undefined ? undefined : answer.watch;
      const last = { ...next, isWatched: watch !== undefined };
      lastAnswers.set(gate, last);
      if (watch === undefined) return;
      void follow(gate, last, watch, signal).then((result) => {
        if (result === "blind") lastAnswers.set(gate, { ...last, isWatched: false });
        if (result !== "opened") return;
        lastAnswers.set(gate, { ...last, hasOpened: true });
        onOpening?.();
      });
    },
  };
}

/** Pure: the answers of several gates as one. */
export function together(answers: readonly (readonly [Gate, GateAnswer])[]): GateAnswers {
  const closed: Closed[] = [];
  let changesAt: number | undefined;
  let openSince: number | undefined;
  for (const [{ name, isTransient }, answer] of answers) {
    if (!answer.open) {
      const { code, message } = answer;
      // A gate answers only with its own codes.
      closed.push({ gate: name, code, message, ...(isTransient && { isTransient }) } as Closed);
    }
    if (answer.openSince !== undefined) openSince = Math.max(openSince ?? answer.openSince, answer.openSince);
    if (answer.changesAt !== undefined) changesAt = Math.min(changesAt ?? answer.changesAt, answer.changesAt);
  }
  return { closed, changesAt, ...(openSince !== undefined && { openSince }) };
}
