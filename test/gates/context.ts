import type { GateContext } from "../../daemon/gates/gate.ts";

/** At the start of a cycle whose need has just come, unless said otherwise. */
export function context(now: number, changes: Partial<GateContext> = {}): GateContext {
  const unknown = { paused: undefined, labels: {}, lastDrainMs: undefined, slowGraceSeconds: undefined };
  return { now, stage: "start", neededSince: now, ...unknown, ...changes };
}
