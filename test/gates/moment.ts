import type { GateMoment } from "../../daemon/gates/gate.ts";

/** At the start of a cycle whose need has just come, unless said otherwise. */
export function moment(now: number, changes: Partial<GateMoment> = {}): GateMoment {
  const unknown = { paused: undefined, labels: {}, lastDrainMs: undefined, slowGraceSeconds: undefined };
  return { now, stage: "start", neededSince: now, ...unknown, ...changes };
}
