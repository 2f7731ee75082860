import { type Clock, DeadlineError, withDeadline } from "../clock.ts";
import type { ClosedGate, GateAnswers } from "../cycle/seen.ts";
import type { Gate, GateAnswer } from "./gate.ts";

/** A gate that has not answered by then is closed. */
const gateDeadlineMs = 15_000;

/** Asks all gates at once and reports every closed one. A gate that cannot be evaluated is closed and says so. */
export async function checkGates(
  gates: readonly Gate[],
  clock: Clock,
  signal: AbortSignal,
): Promise<GateAnswers> {
  const now = clock.now();
  const answers = await Promise.all(gates.map((gate) => ask(gate, now, clock, signal)));
  const closed: ClosedGate[] = [];
  let changesAt: number | undefined;
  for (const [index, answer] of answers.entries()) {
    const gate = gates[index]?.name ?? "";
    if (!answer.open) closed.push({ gate, code: answer.code, message: answer.message });
    if (answer.changesAt !== undefined) changesAt = Math.min(changesAt ?? answer.changesAt, answer.changesAt);
  }
  return { closed, changesAt };
}

async function ask(gate: Gate, now: number, clock: Clock, signal: AbortSignal): Promise<GateAnswer> {
  try {
    return await withDeadline(clock, gateDeadlineMs, signal, `asking the gate ${gate.name}`, (inner) =>
      gate.check(now, inner),
    );
  } catch (error) {
    signal.throwIfAborted();
    const code = error instanceof DeadlineError ? "no-answer" : "cannot-tell";
    return { open: false, code, message: `cannot tell: ${(error as Error).message}` };
  }
}
