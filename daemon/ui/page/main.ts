/** The page of `rebootd ui`: it follows the event stream of its server, and shows one view at a time. */
import type { FleetMessage } from "../wire.ts";
import { announcements } from "./announce.ts";
import { createCalendarView } from "./calendar-view.ts";
import { answerTo, askAndChange } from "./change-dialog.ts";
import type { Connection } from "./connection.ts";
import { element, setText } from "./element.ts";
import { countsOf, type Fleet, fleetOf, withChange } from "./fleet.ts";
import { createFleetView, type FleetView } from "./fleet-view.ts";
import { createHead } from "./head.ts";
import { follow } from "./live.ts";
import { createNodeView } from "./node-view.ts";
import type { Changed, Page, View } from "./page.ts";
import { hashOf, home, parseRoute, type Route } from "./route.ts";
import { nameOf } from "./tile.ts";
import { span, timeOf, timeTexts } from "./times.ts";
import { keysDialog, themeButton } from "./tools.ts";
import { createWaveView } from "./wave-view.ts";

const tickMs = 1000;
const toastMs = 8000;

let fleet: Fleet | undefined;
let route = parseRoute(location.hash);
let view: View;
let fleetView: FleetView | undefined;
/** The first view as the person has left it, to come back to. */
let lastFleet: Route = route.view === "fleet" ? route : home;
let left: { y: number; tile: string | undefined } = { y: 0, tile: undefined };
/** Undefined: nothing; else what has changed since the last frame. */
let pending: { changed: Changed } | undefined;
const connection: Connection = { lostAt: undefined, trouble: undefined, seenAt: undefined };

const page: Page = {
  now: () => Date.now(),
  times: timeTexts(undefined),
  fleet: () => fleet,
  go(next, isStep) {
    const hash = hashOf(next);
    if (isStep) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
    show(next);
  },
  confirm(confirmation) {
    askAndChange(confirmation).then((message) => message !== undefined && toast(message));
  },
  read: (path, signal) => answerTo(path, { signal }, (response) => response.json()),
};

const keys = keysDialog();
const keysButton = element(
  "button",
  { type: "button", class: "tool", "aria-label": "Keys", title: "Keys (?)" },
  "?",
);
keysButton.addEventListener("click", () => keys.showModal());
const head = createHead(page, [themeButton(), keysButton]);
const main = element("main", { id: "main", tabindex: -1 });
const live = element("div", { class: "hidden", role: "status", "aria-live": "polite" });
const toasts = element("div", { class: "toast", role: "status" });
const skip = element("a", { href: "#/", class: "skip" }, "Skip to content");
skip.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
toasts.hidden = true;
head.element.prepend(skip);
document.body.replaceChildren(head.element, head.notices, main, live, toasts, keys);
view = viewOf(route);
main.append(view.element);
head.route(route);

addEventListener("popstate", () => show(parseRoute(location.hash)));
addEventListener("hashchange", () => show(parseRoute(location.hash)));
document.addEventListener("keydown", onKey);
setInterval(tick, tickMs);
follow("events", {
  open() {
    connection.lostAt = undefined;
    // A trouble that goes on is sent again.
    connection.trouble = undefined;
    tick();
  },
  lost() {
    connection.lostAt ??= Date.now();
    tick();
  },
  fleet: (message) => take(fleetOf(message), message, undefined),
  change(message) {
    if (fleet === undefined) return;
    take(
      withChange(fleet, message),
      message,
      new Set([...message.nodes.map(({ name }) => name), ...message.gone]),
    );
  },
  trouble({ message }) {
    connection.trouble = message;
    setText(live, message === undefined ? "The cluster answers again." : message);
    tick();
  },
});

function viewOf(next: Route): View {
  fleetView = undefined;
  if (next.view === "wave") return createWaveView(page);
  if (next.view === "calendar") return createCalendarView(page);
  if (next.view === "node") return createNodeView(page, next.name, lastFleet);
  fleetView = createFleetView(page, next);
  return fleetView;
}

function show(next: Route): void {
  if (hashOf(next) === hashOf(route)) return;
  const before = route.view;
  const isSame = next.view === before && next.view !== "node";
  route = next;
  if (route.view === "fleet") lastFleet = route;
  head.route(route);
  if (isSame) {
    view.follow?.(route);
    return;
  }
  if (fleetView !== undefined) left = { y: scrollY, tile: nameOf(document.activeElement) };
  view.leave?.();
  view = viewOf(route);
  if (fleet !== undefined) view.update(fleet, undefined);
  main.replaceChildren(view.element);
  setTitle();
  const isBack = fleetView !== undefined && before === "node";
  const tile = isBack && left.tile !== undefined ? `[data-name="${CSS.escape(left.tile)}"]` : "h1";
  view.element.querySelector<HTMLElement>(tile)?.focus({ preventScroll: true });
  scrollTo(0, isBack ? left.y : 0);
}

function take(next: Fleet, { at }: Pick<FleetMessage, "at">, changed: Changed): void {
  const sentences = fleet === undefined ? [] : announcements(fleet, next);
  if (sentences.length > 0) setText(live, sentences.join(". "));
  fleet = next;
  connection.seenAt = timeOf(at);
  connection.lostAt = undefined;
  if (pending === undefined) requestAnimationFrame(draw);
  pending = { changed: pending === undefined ? changed : both(pending.changed, changed) };
  setTitle();
}

function both(one: Changed, other: Changed): Changed {
  return one === undefined || other === undefined ? undefined : new Set([...one, ...other]);
}

/** At most once a frame, however many messages have come. */
function draw(): void {
  const changed = pending?.changed;
  pending = undefined;
  if (fleet === undefined) return;
  head.update(fleet);
  view.update(fleet, changed);
  head.connection(connection, Date.now());
}

function setTitle(): void {
  const troubled = fleet === undefined ? 0 : countsOf(fleet.nodes.values()).troubled;
  const mark = fleet?.head.halted ? "HALTED · " : troubled > 0 ? `(${troubled}!) ` : "";
  const cluster = fleet === undefined ? "" : ` · ${fleet.head.cluster}`;
  document.title = `${mark}${view.title}${cluster} · rebootd`;
}

function tick(): void {
  const now = Date.now();
  head.connection(connection, now);
  for (const one of document.querySelectorAll<HTMLElement>("time[data-since]")) {
    const { since, before = "", after = "" } = one.dataset;
    setText(one, `${before}${span(now - Number(since))}${after}`);
  }
  view.tick?.();
}

function onKey(event: KeyboardEvent): void {
  const { key, target, ctrlKey, metaKey, altKey } = event;
  if (ctrlKey || metaKey || altKey || document.querySelector("dialog[open]") !== null) return;
  const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  if (key === "Escape") stepOut(target);
  if (key === "Escape" || isTyping) return;
  if (key === "?") keys.showModal();
  else if (key === "/") {
    if (route.view !== "fleet") page.go(home, true);
    fleetView?.search();
  } else return;
  event.preventDefault();
}

/** Out of the search, then out of the node. */
function stepOut(target: EventTarget | null): void {
  if (target instanceof HTMLInputElement && route.view === "fleet") {
    page.go({ ...route, filter: { ...route.filter, text: "" } }, false);
    target.blur();
  } else if (route.view === "node") page.go(lastFleet, true);
}

function toast(message: string): void {
  setText(toasts, message);
  toasts.hidden = false;
  setTimeout(() => {
    if (toasts.textContent === message) toasts.hidden = true;
  }, toastMs);
}
