/** One node in the grid. */
import type { NodeTile } from "../wire.ts";
import { element, refill, setSafe, setText } from "./element.ts";
import { isTroubled } from "./fleet.ts";
import { ago, type Page } from "./page.ts";
import { phaseClass, phaseLook } from "./phases.ts";
import { type Density, labelOf } from "./tile-text.ts";

export function paintTile(page: Page, tile: HTMLElement, node: NodeTile, density: Density): void {
  const { name, phase, holdsSlot } = node;
  const isBad = isTroubled(node);
  const { glyph } = phaseLook(phase);
  setSafe(tile, "class", `tile ${density}${isBad ? " bad" : ""}${holdsSlot ? " holds" : ""}`);
  setSafe(tile, "data-phase", phaseClass(phase));
  // A card says the same in its text.
  setSafe(tile, "aria-label", density === "card" ? undefined : labelOf(node, isBad));
  const sign = isBad ? "!" : glyph;
  if (density === "sign" || density === "dot") setText(tile, sign);
  else refill(tile, ...(density === "name" ? headOf(name, sign) : cardOf(page, node, sign)));
}

function headOf(name: string, sign: string): HTMLElement[] {
  return [
    element("span", { class: "glyph", "aria-hidden": "true" }, sign),
    element("span", { class: "name" }, name),
  ];
}

function cardOf(page: Page, node: NodeTile, sign: string): (HTMLElement | false)[] {
  const { name, phase, since, holdsSlot, troubles, why } = node;
  const reason = troubles[0] ?? why[0];
  return [
    element("span", { class: "tile-head" }, ...headOf(name, sign)),
    element(
      "span",
      { class: "tile-phase" },
      phase,
      phase !== "Idle" && since !== undefined && ago(page, since, " for "),
      isTroubled(node) && element("span", { class: "hidden" }, "trouble"),
      holdsSlot && element("span", { class: "badge slot" }, "slot"),
    ),
    reason !== undefined && element("span", { class: "tile-why" }, reason),
  ];
}

/** The name of the node whose tile the element is, or is in. */
export function nameOf(target: EventTarget | null): string | undefined {
  if (!(target instanceof Element)) return undefined;
  return target.closest("[data-name]")?.getAttribute("data-name") ?? undefined;
}
