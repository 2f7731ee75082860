/**
 * The grid of all nodes: one element a node, so that a screen reader and a keyboard find each of them. The browser
 * leaves out groups that are not on the screen (`content-visibility`).
 */
import { element } from "./element.ts";
import type { Fleet } from "./fleet.ts";
import { type MoveKey, moved, moveKeys } from "./groups.ts";
import type { Changed, Page } from "./page.ts";
import { nameOf } from "./tile.ts";
import { type FleetRoute, TileRows } from "./tile-rows.ts";
import { createTip } from "./tip.ts";

export interface Grid {
  element: HTMLElement;
  /** Returns the number of tiles. */
  update(fleet: Fleet, route: FleetRoute, changed: Changed): number;
  leave(): void;
}

export function createGrid(page: Page): Grid {
  const body = element("div", { role: "grid", "aria-label": "Nodes", class: "grid" });
  const rows = new TileRows(page, body);
  const tip = createTip(page, body);
  let route: FleetRoute | undefined;
  let current: string | undefined;

  body.addEventListener("click", ({ target }) => open(nameOf(target)));
  body.addEventListener("focusin", ({ target }) => setCurrent(nameOf(target)));
  body.addEventListener("keydown", (event) => {
    const name = nameOf(event.target);
    if (name === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = moveKeys.find((one) => one === event.key);
    if (key !== undefined) move(rows, name, key);
    else if (event.key === "Enter" || event.key === " ") open(name);
    else return;
    event.preventDefault();
  });

  function open(name: string | undefined): void {
    if (name !== undefined) page.go({ view: "node", name }, true);
  }

  /** One tile is in the order of the tab key; the arrows go to the others. */
  function setCurrent(name: string | undefined): void {
    if (name === undefined || name === current) return;
    if (current !== undefined) rows.tile(current)?.setAttribute("tabindex", "-1");
    rows.tile(name)?.setAttribute("tabindex", "0");
    current = name;
  }

  return {
    element: body,
    update(fleet, next, changed) {
      const isOther = route !== next || changed === undefined || rows.mustArrange(fleet, next, changed);
      route = next;
      if (isOther) rows.arrange(fleet, next);
      else rows.repaint(fleet, changed);
      if (current === undefined || rows.placeOf(current) === undefined) setCurrent(rows.groups[0]?.names[0]);
      tip.refresh();
      return rows.size;
    },
    leave: tip.leave,
  };
}

function move(rows: TileRows, name: string, key: MoveKey): void {
  const place = rows.placeOf(name);
  const tiles = rows.tile(name)?.parentElement;
  if (place === undefined || !tiles) return;
  const columns = getComputedStyle(tiles).gridTemplateColumns.split(" ").length;
  const sizes = rows.groups.map(({ names }) => names.length);
  const next = moved(place, key, sizes, columns);
  const found = rows.groups[next.group]?.names[next.tile];
  if (found !== undefined) rows.tile(found)?.focus();
}
