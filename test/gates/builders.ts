import type { Asked } from "../../daemon/gates/evaluate.ts";
import type { Gate, GateAnswer, GateContext } from "../../daemon/gates/gate.ts";
import type { AskedGate } from "../../daemon/gates/reasons.ts";

/** At the start of a cycle whose need has just come, unless said otherwise. */
export function context(now: number, changes: Partial<GateContext> = {}): GateContext {
  const unknown = {
    paused: undefined,
    approved: undefined,
    labels: {},
    lastDrainMs: undefined,
    slowGraceSeconds: undefined,
  };
  return { now, stage: "start", neededSince: now, ...unknown, ...changes };
}

/** A local gate of the start. Its name says its part in the test. */
export function gate(name: string, check: Gate["check"], rest: Partial<Gate> = {}): Gate {
  return { name: name as AskedGate, stages: ["start"], cost: "local", check, ...rest };
}

export const openAnswer: GateAnswer = { open: true, changesAt: 20 };
export const shutAnswer = (name: string): GateAnswer => ({
  open: false,
  code: "active",
  message: `${name} is shut`,
  changesAt: 10,
});
/** The facts of a node at the start of its cycle. */
export function asked(changes: Partial<Asked> = {}): Asked {
  const { now, ...rest } = context(0);
  return { ...rest, urgent: false, isLockFull: false, ...changes };
}
