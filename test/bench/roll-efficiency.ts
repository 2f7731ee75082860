/** From cordon to uncordon of one node; milliseconds. */
export interface Away {
  cordonedAt: number;
  uncordonedAt: number;
}

/**
 * The part of the slots' time in which a node is drained, down or settles: sum of these times ÷ (slots × total), from
 * `neededAt`, when all nodes need their reboot, to the last uncordon.
 */
export function rollEfficiency(away: readonly Away[], slots: number, neededAt: number): number {
  const used = away.reduce((sum, { cordonedAt, uncordonedAt }) => sum + uncordonedAt - cordonedAt, 0);
  const end = Math.max(...away.map(({ uncordonedAt }) => uncordonedAt));
  return used / (slots * (end - neededAt));
}
