/** How much a tile shows and says. Pure. */
import type { NodeTile } from "../wire.ts";

/** How much a tile shows: a card with reasons, a name, or a sign alone. */
export type Density = "card" | "name" | "sign" | "dot";

export function densityOf(tiles: number): Density {
  if (tiles <= 60) return "card";
  if (tiles <= 300) return "name";
  return tiles <= 1500 ? "sign" : "dot";
}

/** The name that a screen reader says. */
export function labelOf({ name, phase, holdsSlot, troubles }: NodeTile, isBad: boolean): string {
  const trouble = isBad ? `, trouble${troubles[0] === undefined ? "" : `: ${troubles[0]}`}` : "";
  return `${name}, ${phase}${holdsSlot ? ", holds a slot" : ""}${trouble}`;
}
