/** Search, chips by phase and the choice of groups. The chips are the legend too. */
import { element, setSafe, setText } from "./element.ts";
import type { Counts } from "./fleet.ts";
import type { Page } from "./page.ts";
import { phaseClass, phaseLook, phaseNames } from "./phases.ts";
import { type Filter, type Grouping, groupings, type Route } from "./route.ts";

type FleetRoute = Route & { view: "fleet" };

export interface Filters {
  element: HTMLElement;
  update(counts: Counts): void;
  follow(route: FleetRoute): void;
  /** Puts the focus in the search. */
  search(): void;
}

const groupingWords: Record<Grouping, string> = {
  zone: "zone",
  pool: "pool",
  phase: "phase",
  none: "no group",
};

export function createFilters(page: Page, start: FleetRoute): Filters {
  let route = start;
  const search = element("input", {
    type: "search",
    id: "search",
    placeholder: "Search (press /)",
    autocomplete: "off",
  });
  const by = element(
    "select",
    { id: "group-by" },
    ...groupings.map((one) => element("option", { value: one }, groupingWords[one])),
  );
  const chips = element("div", { class: "chips", role: "group", "aria-label": "Filter by phase" });
  const trouble = chip("Trouble", "!", "Trouble", () => go({ isTroubledOnly: !route.filter.isTroubledOnly }));
  const byPhase = new Map<string, Chip>();
  chips.append(trouble.element);

  search.addEventListener("input", () => go({ text: search.value }));
  by.addEventListener("change", () => {
    const next = groupings.find((one) => one === by.value) ?? "zone";
    page.go({ ...route, by: next }, false);
  });
  show();

  function go(change: Partial<Filter>): void {
    page.go({ ...route, filter: { ...route.filter, ...change } }, false);
  }

  function toggle(phase: string): void {
    const { phases } = route.filter;
    go({ phases: phases.includes(phase) ? phases.filter((one) => one !== phase) : [...phases, phase] });
  }

  function show(): void {
    if (search.value !== route.filter.text) search.value = route.filter.text;
    by.value = route.by;
    trouble.press(route.filter.isTroubledOnly);
    for (const [phase, one] of byPhase) one.press(route.filter.phases.includes(phase));
  }

  return {
    element: element(
      "div",
      { class: "filters", role: "search" },
      element("label", { for: "search", class: "hidden" }, "Search nodes by name, zone, pool or reason"),
      search,
      element("label", { for: "group-by", class: "by" }, "Group by ", by),
      chips,
    ),
    update({ phases, troubled }) {
      trouble.count(troubled);
      const order = [...new Set([...phaseNames, ...phases.keys()])];
      for (const phase of order) {
        if (!byPhase.has(phase) && phases.has(phase)) {
          byPhase.set(
            phase,
            chip(phase, phaseLook(phase).glyph, phaseClass(phase), () => toggle(phase)),
          );
          chips.append(...order.flatMap((one) => byPhase.get(one)?.element ?? []));
        }
        byPhase.get(phase)?.count(phases.get(phase) ?? 0);
      }
      show();
    },
    follow(next) {
      route = next;
      show();
    },
    search() {
      search.focus();
      search.select();
    },
  };
}

interface Chip {
  element: HTMLButtonElement;
  count(number: number): void;
  press(isPressed: boolean): void;
}

function chip(text: string, glyph: string, look: string, act: () => void): Chip {
  const number = element("span", { class: "number" }, "0");
  const made = element(
    "button",
    { type: "button", class: "chip", "aria-pressed": "false" },
    element("span", { class: "glyph", "aria-hidden": "true", "data-phase": look }, glyph),
    element("span", {}, text),
    number,
  );
  made.addEventListener("click", act);
  return {
    element: made,
    count: (value) => setText(number, String(value)),
    press: (isPressed) => setSafe(made, "aria-pressed", String(isPressed)),
  };
}
