import type { Budget } from "../cluster/objects.ts";

/** A pod that was bound just before the cordon shows up within this time. */
export const quietMs = 2000;

/** A pod that goes: when, and for how long at most. */
export interface Going {
  tier: number;
  graceSeconds: number;
  /** The budget that counts it. */
  charges: Budget | undefined;
}

/**
 * How long a drain takes whose pods all use up their grace: one tier after the other, and in a tier the pods
 * of a budget in rounds of as many as it allows. That what comes in their place is Ready by the end of a
 * round is taken for granted.
 */
export function estimateSeconds(going: readonly Going[]): number {
  const tiers = Map.groupBy(going, ({ tier }) => tier);
  const sum = [...tiers.values()].reduce((seconds, tier) => seconds + tierSeconds(tier), 0);
  return Math.ceil(sum + quietMs / 1000);
}

function tierSeconds(going: readonly Going[]): number {
  const groups = Map.groupBy(going, ({ charges }) => charges);
  return Math.max(
    ...[...groups].map(([budget, pods]) => {
      const size = budget === undefined ? pods.length : (budget.status?.disruptionsAllowed ?? 0);
      return roundsSeconds(pods, Math.max(1, size));
    }),
  );
}

/** Pods of like grace go together: each round lasts as long as its longest. */
function roundsSeconds(pods: readonly Going[], size: number): number {
  const graces = pods.map(({ graceSeconds }) => graceSeconds).sort((a, b) => b - a);
  return graces.filter((_, index) => index % size === 0).reduce((sum, grace) => sum + grace, 0);
}
