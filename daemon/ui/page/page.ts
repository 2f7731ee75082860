/** The parts that all views share. */
import type { NodeTile } from "../wire.ts";
import type { Confirmation } from "./confirm.ts";
import { element } from "./element.ts";
import type { Fleet } from "./fleet.ts";
import { phaseClass, phaseLook } from "./phases.ts";
import { hashOf, type Route } from "./route.ts";
import { span, type TimeTexts, timeOf } from "./times.ts";

export interface Page {
  /** The wall clock, in milliseconds. */
  now(): number;
  times: TimeTexts;
  /** Undefined until the server has sent it. */
  fleet(): Fleet | undefined;
  /** Goes to the view. `isStep`: the browser's back comes back here. */
  go(route: Route, isStep: boolean): void;
  /** Opens the confirmation, and makes the change if the person says so. */
  confirm(confirmation: Confirmation): void;
  /** The answer of the server to a GET; throws an Error with a sentence. */
  read<T>(path: string, signal: AbortSignal): Promise<T>;
}

/** The names of nodes that have changed; undefined: all. */
export type Changed = ReadonlySet<string> | undefined;

export interface View {
  element: HTMLElement;
  /** For the title of the window. */
  title: string;
  update(fleet: Fleet, changed: Changed): void;
  /** Time has passed: a few times a minute. */
  tick?(): void;
  /** The route is another one of the same view. */
  follow?(route: Route): void;
  /** Ends all that goes on. */
  leave?(): void;
}

/** How long ago, with the exact time in its title; the page keeps it true. */
export function ago({ now, times }: Page, time: string | undefined, before = "", after = ""): HTMLElement {
  const ms = timeOf(time);
  if (ms === undefined) return element("span");
  return element(
    "time",
    {
      datetime: time,
      title: times.exact(ms),
      "data-since": ms,
      "data-before": before,
      "data-after": after,
    },
    `${before}${span(now() - ms)}${after}`,
  );
}

/** A time of the clock, with the exact time in its title. */
export function at({ times }: Page, ms: number, text: string = times.clock(ms)): HTMLElement {
  return element("time", { datetime: new Date(ms).toISOString(), title: times.exact(ms) }, text);
}

/** The phase as a sign, a colour and a word. */
export function phaseBadge(phase: string): HTMLElement {
  return element(
    "span",
    { class: "badge", "data-phase": phaseClass(phase) },
    element("span", { "aria-hidden": "true", class: "glyph" }, phaseLook(phase).glyph),
    phase,
  );
}

export function nodeLink({ name }: Pick<NodeTile, "name">): HTMLElement {
  return element("a", { href: hashOf({ view: "node", name }), class: "node-name" }, name);
}

export function button(text: string, attributes: Record<string, string>, act: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", "data-key": text, ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

/** A message in place of a view or a list. */
export function notice(kind: "bad" | "warn" | "good" | "info", ...children: (Node | string)[]): HTMLElement {
  const sign = { bad: "✕", warn: "!", good: "✓", info: "i" }[kind];
  return element(
    "div",
    { class: `notice ${kind}` },
    element("span", { class: "sign", "aria-hidden": "true" }, sign),
    element("div", { class: "notice-text" }, ...children),
  );
}

/** A table that scrolls by itself where it is wider than the screen. */
export function table(
  name: string,
  head: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
): HTMLElement {
  const line = (tag: "th" | "td", cells: readonly (Node | string)[]) =>
    element("tr", {}, ...cells.map((cell) => element(tag, tag === "th" ? { scope: "col" } : {}, cell)));
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": name },
    element(
      "table",
      {},
      element("thead", {}, line("th", head)),
      element("tbody", {}, ...rows.map((cells) => line("td", cells))),
    ),
  );
}
