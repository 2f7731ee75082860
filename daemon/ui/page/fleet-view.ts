/** The first view: troubles, then what is under way, then all nodes. */
import type { NodeTile } from "../wire.ts";
import { element, refill, setText } from "./element.ts";
import { createFilters } from "./filters.ts";
import { byName, type Counts, countsOf, type Fleet, troublesFirst } from "./fleet.ts";
import { createGrid } from "./grid.ts";
import { ago, type Changed, nodeLink, notice, type Page, phaseBadge, type View } from "./page.ts";
import { isUnderWay, phaseLook } from "./phases.ts";
import type { Route } from "./route.ts";

type FleetRoute = Route & { view: "fleet" };

/** Longer lists go on in the grid. */
const troublesMax = 8;
const underWayMax = 12;
const whyMax = 3;

export interface FleetView extends View {
  search(): void;
}

export function createFleetView(page: Page, start: FleetRoute): FleetView {
  let route = start;
  const summary = element("dl", { class: "summary" });
  const troubles = element("div", {});
  const troublesTitle = element("h2", { id: "troubles-title" }, "Trouble");
  const underWay = element("div", {});
  const underWaySection = element("section", { class: "panel" }, element("h2", {}, "Under way"), underWay);
  const shownText = element("p", { class: "shown muted" });
  const filters = createFilters(page, start);
  const grid = createGrid(page);
  const list = element("section", { class: "panel", "aria-labelledby": "nodes-title" });
  list.append(element("h2", { id: "nodes-title" }, "Nodes"), filters.element, shownText, grid.element);
  const shown = { troubles: "", underWay: "", summary: "" };
  const reading = element("p", { class: "muted" }, "Reading the cluster…");
  const troublePanel = element(
    "section",
    { class: "panel", "aria-labelledby": "troubles-title" },
    troublesTitle,
    troubles,
  );
  troublePanel.hidden = underWaySection.hidden = list.hidden = true;

  function arrange(fleet: Fleet, changed: Changed): void {
    const number = grid.update(fleet, route, changed);
    const all = fleet.nodes.size;
    setText(shownText, number === all ? "" : `${number} of ${all} nodes match.`);
    grid.element.hidden = number === 0;
  }

  function update(fleet: Fleet, changed: Changed): void {
    reading.hidden = true;
    troublePanel.hidden = list.hidden = false;
    const counts = countsOf(fleet.nodes.values());
    filters.update(counts);
    ifOther("summary", { ...fleet.head, at: "" }, () => refill(summary, ...summaryOf(fleet)));
    const bad = troublesFirst(fleet.nodes.values());
    ifOther("troubles", bad.slice(0, troublesMax + 1), () => {
      setText(troublesTitle, bad.length === 0 ? "Trouble" : `Trouble (${bad.length})`);
      refill(troubles, ...troublesOf(page, bad, counts));
    });
    const active = [...fleet.nodes.values()]
      .filter(({ phase, holdsSlot }) => holdsSlot || isUnderWay(phase))
      .sort((a, b) => (a.since ?? "").localeCompare(b.since ?? "") || byName(a.name, b.name));
    ifOther("underWay", active.slice(0, underWayMax + 1), () => {
      underWaySection.hidden = active.length === 0;
      refill(underWay, ...underWayOf(page, active));
    });
    arrange(fleet, changed);
  }

  /** Lists are drawn again only if they show something else: the focus and a selection stay where they are. */
  function ifOther(part: keyof typeof shown, value: unknown, draw: () => void): void {
    const text = JSON.stringify(value);
    if (shown[part] === text) return;
    shown[part] = text;
    draw();
  }

  return {
    title: "Fleet",
    element: element(
      "div",
      { class: "fleet" },
      element("h1", { tabindex: -1 }, "Fleet"),
      reading,
      summary,
      troublePanel,
      underWaySection,
      list,
    ),
    update,
    follow(next) {
      if (next.view !== "fleet") return;
      route = next;
      const isFromList = troubles.contains(document.activeElement);
      filters.follow(next);
      const fleet = page.fleet();
      if (fleet !== undefined) arrange(fleet, undefined);
      if (isFromList) list.scrollIntoView();
    },
    leave: grid.leave,
    search: filters.search,
  };
}

function summaryOf({ head, nodes }: Fleet): HTMLElement[] {
  const { held, max } = head.slots;
  const { needReboot, daemons } = head.count;
  const pips =
    max === undefined || max > 24 ? [] : Array.from({ length: Math.max(max, held) }, (_, index) => index);
  const missing = nodes.size - daemons;
  return [
    figure(
      "Nodes",
      String(nodes.size),
      missing > 0 ? `${missing} without a Ready daemon` : "a Ready daemon on each",
    ),
    figure(
      "Need a reboot",
      String(needReboot),
      needReboot === 0 ? "all are up to date" : `${share(needReboot, nodes.size)} of the nodes`,
    ),
    figure(
      "Slots in use",
      max === undefined ? String(held) : `${held} of ${max}`,
      element(
        "span",
        { class: "pips", "aria-hidden": "true" },
        ...pips.map((index) => element("i", { class: index < held ? "on" : "" })),
      ),
    ),
    figure("Lock", lockWords[head.lock.state], head.lock.object, head.lock.message),
  ];
}

const lockWords = { free: "Free", held: "Held", manual: "Locked", unreadable: "Unreadable" } as const;

function share(part: number, whole: number): string {
  const percent = (100 * part) / Math.max(1, whole);
  return percent > 0 && percent < 1 ? "<1 %" : `${Math.round(percent)} %`;
}

function figure(term: string, value: string, note: Node | string, title?: string): HTMLElement {
  return element(
    "div",
    { class: "figure", title },
    element("dt", {}, term),
    element("dd", { class: "value" }, value),
    element("dd", { class: "note" }, note),
  );
}

function troublesOf(page: Page, bad: readonly NodeTile[], { nodes }: Counts): HTMLElement[] {
  if (nodes === 0) return [notice("warn", "The cluster has no nodes that this page knows of.")];
  if (bad.length === 0)
    return [
      element(
        "p",
        { class: "calm" },
        element("span", { "aria-hidden": "true" }, "✓ "),
        "No node is in trouble.",
      ),
    ];
  const rows = bad
    .slice(0, troublesMax)
    .map((node) =>
      element(
        "li",
        { class: "trouble" },
        element("span", { class: "sign", "aria-hidden": "true" }, "!"),
        element(
          "div",
          { class: "row-text" },
          element(
            "div",
            { class: "row-head" },
            nodeLink(node),
            phaseBadge(node.phase),
            holder(node),
            node.phase !== "Idle" && ago(page, node.since, "for "),
          ),
          ...reasonsOf(node),
        ),
      ),
    );
  const list = element("ul", { class: "rows wide" }, ...rows);
  if (bad.length <= troublesMax) return [list];
  const more = element("a", { href: "#/?trouble=1" }, `Show all ${bad.length} in the grid`);
  return [list, element("p", {}, more)];
}

function holder({ holdsSlot }: NodeTile): HTMLElement | false {
  return holdsSlot && element("span", { class: "badge slot" }, "holds a slot");
}

function reasonsOf({ troubles, why, phase }: NodeTile): HTMLElement[] {
  const all = [...troubles, ...why];
  const shown = all.length === 0 ? [phaseLook(phase).doing] : all.slice(0, whyMax);
  const more = all.length > whyMax ? [`and ${all.length - whyMax} more`] : [];
  return [...shown, ...more].map((text) => element("p", { class: "reason" }, text));
}

const steps = ["Draining", "Rebooting", "Returning", "Settling"];

function underWayOf(page: Page, active: readonly NodeTile[]): HTMLElement[] {
  const rows = active.slice(0, underWayMax).map((node) => {
    const done = steps.indexOf(node.phase);
    const bar = steps.map((step, index) =>
      element("i", { class: index < done ? "done" : index === done ? "now" : "", "data-phase": step }),
    );
    return element(
      "li",
      { class: "active" },
      element(
        "div",
        { class: "row-head" },
        nodeLink(node),
        phaseBadge(node.phase),
        ago(page, node.since, "for "),
      ),
      element("span", { class: "steps", "aria-hidden": "true" }, ...bar),
      ...node.why.slice(0, 1).map((text) => element("p", { class: "reason" }, text)),
    );
  });
  const more = active.length - underWayMax;
  const list = element("ul", { class: "rows cards" }, ...rows);
  return more > 0
    ? [list, element("p", {}, element("a", { href: "#/wave" }, `and ${more} more, in the wave`))]
    : [list];
}
