/** The tiles of all nodes, and the rows that they are in: made once, then painted and moved as little as possible. */
import { count } from "../../text/count.ts";
import type { NodeTile } from "../wire.ts";
import { element, setSafe, setText } from "./element.ts";
import type { Fleet } from "./fleet.ts";
import { type Group, groupKey, groupsOf, matcherOf, type Place } from "./groups.ts";
import type { Page } from "./page.ts";
import type { Grouping, Route } from "./route.ts";
import { nameOf, paintTile } from "./tile.ts";
import { type Density, densityOf } from "./tile-text.ts";

export type FleetRoute = Route & { view: "fleet" };

interface Row {
  element: HTMLElement;
  tiles: HTMLElement;
  note: HTMLElement;
  names: readonly string[];
}

/** A node as its tile shows it. */
interface Placed {
  node: NodeTile;
  key: string;
  isShown: boolean;
}

export class TileRows {
  groups: readonly Group[] = [];
  readonly #page: Page;
  readonly #body: HTMLElement;
  readonly #tiles = new Map<string, HTMLElement>();
  readonly #placed = new Map<string, Placed>();
  /** By grouping and key. */
  readonly #rows = new Map<string, Row>();
  #density: Density = "card";

  constructor(page: Page, body: HTMLElement) {
    this.#page = page;
    this.#body = body;
  }

  get size(): number {
    return this.groups.reduce((sum, { names }) => sum + names.length, 0);
  }

  tile(name: string): HTMLElement | undefined {
    return this.#tiles.get(name);
  }

  placeOf(name: string): Place | undefined {
    const group = this.groups.findIndex(({ names }) => names.includes(name));
    const tile = this.groups[group]?.names.indexOf(name);
    return tile === undefined ? undefined : { group, tile };
  }

  /** True if a changed node comes, goes, or belongs in another group. */
  mustArrange(fleet: Fleet, { by, filter }: FleetRoute, changed: ReadonlySet<string>): boolean {
    const matches = matcherOf(filter);
    return [...changed].some((name) => {
      const node = fleet.nodes.get(name);
      const before = this.#placed.get(name);
      if (node === undefined || before === undefined) return true;
      return before.key !== groupKey(node, by) || before.isShown !== matches(node);
    });
  }

  /** Paints nodes that stay where they are. */
  repaint(fleet: Fleet, changed: ReadonlySet<string>): void {
    for (const name of changed) {
      const node = fleet.nodes.get(name);
      const before = this.#placed.get(name);
      if (node === undefined || before === undefined) continue;
      this.#paint(node);
      before.node = node;
    }
  }

  arrange(fleet: Fleet, route: FleetRoute): void {
    const focused = nameOf(document.activeElement);
    this.groups = groupsOf(fleet.nodes.values(), route.by, route.filter);
    this.#paintAll(fleet);
    const rows = this.groups.map((group) => this.#rowOf(group, route.by).element);
    const { children } = this.#body;
    if (rows.length !== children.length || rows.some((row, index) => children[index] !== row))
      this.#body.replaceChildren(...rows);
    this.#remember(fleet, route);
    // A tile that moves loses the focus.
    const again = focused === undefined ? undefined : this.tile(focused);
    if (again !== undefined && document.activeElement !== again) again.focus({ preventScroll: true });
  }

  #paintAll({ nodes }: Fleet): void {
    const density = densityOf(this.size);
    const isOther = density !== this.#density;
    this.#density = density;
    setSafe(this.#body, "data-density", density);
    for (const [name, node] of nodes) if (isOther || this.#placed.get(name)?.node !== node) this.#paint(node);
    for (const name of this.#tiles.keys()) if (!nodes.has(name)) this.#tiles.delete(name);
  }

  #paint(node: NodeTile): void {
    const { name } = node;
    const tile = this.#tiles.get(name) ?? this.#newTile(name);
    paintTile(this.#page, tile, node, this.#density);
  }

  #newTile(name: string): HTMLElement {
    const tile = element("div", { role: "gridcell", tabindex: -1, "data-name": name });
    this.#tiles.set(name, tile);
    return tile;
  }

  #remember({ nodes }: Fleet, { by, filter }: FleetRoute): void {
    const matches = matcherOf(filter);
    this.#placed.clear();
    for (const [name, node] of nodes)
      this.#placed.set(name, { node, key: groupKey(node, by), isShown: matches(node) });
  }

  #rowOf({ key, names }: Group, by: Grouping): Row {
    const id = `${by} ${key}`;
    const row = this.#rows.get(id) ?? newRow(titleOf(key, by));
    this.#rows.set(id, row);
    const isSame =
      names.length === row.names.length && names.every((name, index) => row.names[index] === name);
    // Tiles of a row that was not shown for a while may be in another row.
    if (!isSame || row.tiles.childElementCount !== names.length)
      row.tiles.replaceChildren(...names.flatMap((name) => this.tile(name) ?? []));
    row.names = names;
    setText(row.note, count(names.length, "node"));
    return row;
  }
}

function titleOf(key: string, by: Grouping): string {
  if (key !== "") return key;
  return by === "none" ? "All nodes" : `Without a ${by}`;
}

function newRow(title: string): Row {
  const note = element("span", { class: "muted" });
  const tiles = element("div", { class: "tiles", role: "presentation" });
  const head = element("div", { role: "rowheader", class: "row-title" }, element("h3", {}, title), note);
  return { element: element("div", { role: "row", class: "group" }, head, tiles), tiles, note, names: [] };
}
