/** The tip beside the tile that has the pointer or the focus. */
import { element, refill } from "./element.ts";
import { ago, type Page, phaseBadge } from "./page.ts";
import { nameOf } from "./tile.ts";

export interface Tip {
  /** Shows the node as it is now. */
  refresh(): void;
  leave(): void;
}

const reasonsMax = 5;
const gapPx = 8;

export function createTip(page: Page, grid: HTMLElement): Tip {
  const tip = element("div", { role: "tooltip", id: "tip", class: "tip" });
  let shown: { name: string; tile: Element } | undefined;
  tip.hidden = true;
  document.body.append(tip);
  grid.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "mouse") show(target);
  });
  grid.addEventListener("pointerleave", hide);
  grid.addEventListener("focusin", ({ target }) => {
    if (target instanceof Element && target.matches(":focus-visible")) show(target);
  });
  grid.addEventListener("focusout", hide);
  const onKey = ({ key }: KeyboardEvent) => key === "Escape" && hide();
  document.addEventListener("keydown", onKey);
  document.addEventListener("scroll", onScroll, { passive: true });

  function show(target: EventTarget | null): void {
    const name = nameOf(target);
    const tile = target instanceof Element ? target.closest("[data-name]") : null;
    if (shown?.tile === tile) return;
    hide();
    if (name === undefined || tile === null) return;
    shown = { name, tile };
    fill();
    tile.setAttribute("aria-describedby", "tip");
    tip.hidden = false;
    place(tile);
  }

  /** A tile that gets the focus may scroll to be seen: its tip goes with it. */
  function onScroll(): void {
    if (shown?.tile === document.activeElement && shown !== undefined) place(shown.tile);
    else hide();
  }

  function hide(): void {
    shown?.tile.removeAttribute("aria-describedby");
    shown = undefined;
    tip.hidden = true;
  }

  function fill(): void {
    const node = shown && page.fleet()?.nodes.get(shown.name);
    if (node === undefined) {
      hide();
      return;
    }
    const { name, phase, since, zone, pool, troubles, why, neededSince, holdsSlot, priority } = node;
    const reasons = [...troubles.map((one) => `! ${one}`), ...why].slice(0, reasonsMax);
    const facts = [
      zone !== undefined && `zone ${zone}`,
      pool !== undefined && `pool ${pool}`,
      priority !== "normal" && `priority ${priority}`,
      holdsSlot && "holds a slot",
    ].filter((fact) => fact !== false);
    refill(
      tip,
      element("strong", {}, name),
      element(
        "div",
        { class: "row-head" },
        phaseBadge(phase),
        ago(page, since, "for "),
        neededSince !== undefined && ago(page, neededSince, "reboot needed for "),
      ),
      facts.length > 0 && element("div", { class: "muted" }, facts.join(" · ")),
      reasons.length > 0 && element("ul", {}, ...reasons.map((one) => element("li", {}, one))),
    );
  }

  /** Below the tile or above it, and whole on the screen. */
  function place(tile: Element): void {
    const { left, top, bottom } = tile.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const below = bottom + gapPx + height <= innerHeight;
    const x = Math.max(gapPx, Math.min(left, innerWidth - width - gapPx));
    tip.style.left = `${x}px`;
    tip.style.top = `${below ? bottom + gapPx : Math.max(gapPx, top - height - gapPx)}px`;
  }

  return {
    refresh: () => shown !== undefined && fill(),
    leave() {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("scroll", onScroll);
      tip.remove();
    },
  };
}
