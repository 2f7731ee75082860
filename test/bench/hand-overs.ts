/** When a slot was given back, and when a node was cordoned; milliseconds, in any order. */
export interface Turns {
  releasedAt: readonly number[];
  cordonedAt: readonly number[];
}

/** How long each slot that was given back stood empty. The first `slots` cordons took slots that nobody had. */
export function handOverMs({ releasedAt, cordonedAt }: Turns, slots: number): number[] {
  const released = [...releasedAt].sort((a, b) => a - b);
  const taken = [...cordonedAt].sort((a, b) => a - b).slice(slots);
  return taken.map((at, turn) => at - (released[turn] ?? Number.NaN));
}
