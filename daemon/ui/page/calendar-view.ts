/** The forecast by days: windows, blackouts, and which node would start when. */
import { count } from "../../text/count.ts";
import type { ForecastMessage } from "../wire.ts";
import { type Calendar, calendarOf, type Day, type DayPart, type DayStart } from "./calendar.ts";
import { drawing, element, refill } from "./element.ts";
import { ago, at, button, nodeLink, notice, type Page, type View } from "./page.ts";

/** Longer lists of a day open on demand. */
const startsMax = 12;
const neverMax = 30;
const groupsMax = 50;
const deadlineMs = 60_000;

export function createCalendarView(page: Page): View {
  const content = element("div", { class: "days" }, element("p", { class: "muted" }, "Reading…"));
  const seen = element("span", { class: "muted" });
  const ending = new AbortController();
  let isReading = false;

  async function reread(): Promise<void> {
    if (isReading) return;
    isReading = true;
    content.setAttribute("aria-busy", "true");
    try {
      const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(deadlineMs)]);
      const forecast = await page.read<ForecastMessage>("forecast", signal);
      refill(seen, ago(page, forecast.from, "Computed ", " ago"));
      refill(content, ...contentOf(page, forecast));
    } catch (failure) {
      if (ending.signal.aborted) return;
      const sentence = failure instanceof Error ? failure.message : String(failure);
      refill(content, notice("bad", element("p", {}, sentence)));
    } finally {
      isReading = false;
      content.removeAttribute("aria-busy");
    }
  }

  void reread();
  return {
    title: "Calendar",
    element: element(
      "div",
      { class: "calendar" },
      element("h1", { tabindex: -1 }, "Calendar"),
      element(
        "div",
        { class: "actions left" },
        button("Compute again", {}, () => void reread()),
        element("a", { href: "calendar", download: "rebootd.ics", class: "button" }, "Download .ics"),
        seen,
      ),
      content,
    ),
    update() {},
    leave: () => ending.abort(),
  };
}

/** The midnight so many days later, in the zone of the browser: its days have 23 to 25 hours. */
export function localMidnight(time: number, daysAfter: number): number {
  const date = new Date(time);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + daysAfter).getTime();
}

function contentOf(page: Page, forecast: ForecastMessage): HTMLElement[] {
  const calendar = calendarOf(forecast, localMidnight);
  const starts = calendar.days.reduce((sum, day) => sum + day.starts.length, 0);
  const sum =
    starts === 0
      ? `No node starts in the next ${count(calendar.days.length, "day")}.`
      : `${count(starts, "node")} would start in the next ${count(calendar.days.length, "day")}, if nothing changes.`;
  return [
    element("p", { class: "lead" }, sum),
    ...(forecast.windows.length === 0
      ? [notice("info", "No window opens in this time, or none is set.")]
      : []),
    element(
      "section",
      { class: "panel", "aria-labelledby": "days-title" },
      element("h2", { id: "days-title" }, "Days"),
      hoursOf(),
      ...calendar.days.map((day) => dayOf(page, day)),
    ),
    ...neverOf(calendar),
    ...(forecast.assumptions.length === 0
      ? []
      : [
          element(
            "section",
            { class: "panel" },
            element("h2", {}, "Assumptions"),
            element("ul", {}, ...forecast.assumptions.map((one) => element("li", {}, one))),
          ),
        ]),
  ];
}

function hoursOf(): HTMLElement {
  const hours = ["0", "6", "12", "18", "24"].map((hour) => element("span", {}, hour));
  return element(
    "div",
    { class: "day hours", "aria-hidden": "true" },
    element("span", {}),
    element("div", { class: "hour-row" }, ...hours),
  );
}

const barWidth = 1000;

function dayOf(page: Page, day: Day): HTMLElement {
  const { from, windows, blackouts, starts } = day;
  const isWeekend = [0, 6].includes(new Date(from).getDay());
  const fact = (word: string) => (part: DayPart) =>
    element(
      "span",
      { class: "fact" },
      `${word} `,
      spanOf(page, part),
      part.of === undefined ? "" : ` (${part.of})`,
    );
  const texts = [...windows.map(fact("Window")), ...blackouts.map(fact("Blackout"))];
  return element(
    "div",
    { class: `day${isWeekend ? " weekend" : ""}` },
    element("h3", {}, page.times.day(from)),
    barOf(page, day),
    element(
      "div",
      { class: "day-text" },
      texts.length === 0 && starts.length === 0 && element("span", { class: "muted" }, "nothing"),
      ...texts,
      startsOf(page, day),
    ),
  );
}

/** The times of the part that are in this day. */
function spanOf(page: Page, { from, until, opensAt, closesAt }: DayPart): HTMLElement {
  const opens = at(page, opensAt);
  const closes = at(page, closesAt);
  if (from > 0 && until < 1) return element("span", {}, opens, "–", closes);
  if (from > 0) return element("span", {}, "from ", opens);
  return until < 1 ? element("span", {}, "until ", closes) : element("span", {}, "all day");
}

function barOf(page: Page, { from, windows, blackouts, starts }: Day): SVGElement {
  const rect = (part: Pick<DayPart, "from" | "until">, look: string, y = 0, height = 20) =>
    drawing("rect", {
      class: look,
      x: (part.from * barWidth).toFixed(1),
      y,
      width: Math.max(2, (part.until - part.from) * barWidth).toFixed(1),
      height,
    });
  const text = `${page.times.day(from)}: ${count(windows.length, "window")}, ${count(blackouts.length, "blackout")}, ${count(starts.length, "node")}`;
  return drawing(
    "svg",
    {
      class: "day-bar",
      viewBox: `0 0 ${barWidth} 20`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": text,
    },
    rect({ from: 0, until: 1 }, "day-ground"),
    ...windows.map((part) => rect(part, "window")),
    // A blackout is lower than a window, for those who do not see its colour.
    ...blackouts.map((part) => rect(part, "blackout", 12, 8)),
    ...[6, 12, 18].map((hour) =>
      drawing("line", {
        class: "tick",
        x1: (hour / 24) * barWidth,
        x2: (hour / 24) * barWidth,
        y1: 0,
        y2: 20,
      }),
    ),
    ...starts.map(({ place }) =>
      drawing("rect", { class: "start", x: (place * barWidth).toFixed(1), y: 3, width: 4, height: 14 }),
    ),
  );
}

function startsOf(page: Page, { starts }: Day): HTMLElement | false {
  if (starts.length === 0) return false;
  const entry = (start: DayStart) =>
    element("li", {}, startTime(page, start), " ", nodeLink({ name: start.node }));
  const first = element("ul", { class: "starts" }, ...starts.slice(0, startsMax).map(entry));
  if (starts.length <= startsMax) return first;
  const more = element("ul", { class: "starts" });
  const details = element(
    "details",
    {},
    element("summary", {}, `and ${starts.length - startsMax} more`),
    more,
  );
  details.addEventListener("toggle", () => {
    if (more.childElementCount === 0) more.append(...starts.slice(startsMax).map(entry));
  });
  return element("div", {}, first, details);
}

/** A time by lot is one of many: its title has the first and the last. */
function startTime(page: Page, { startsAt, lot }: DayStart): HTMLElement {
  const { times } = page;
  const time = at(page, startsAt, `${lot === undefined ? "" : "≈ "}${times.clock(startsAt)}`);
  if (lot !== undefined)
    time.title = `The order is by lot: between ${times.exact(lot.earliest)} and ${times.exact(lot.latest)}`;
  return time;
}

function neverOf({ never }: Calendar): HTMLElement[] {
  if (never.length === 0) return [];
  const all = never.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const rows = never.slice(0, groupsMax).map(({ why, nodes }) => {
    const more = nodes.length - neverMax;
    const links = nodes.slice(0, neverMax).map((node) => element("li", {}, nodeLink({ name: node })));
    if (more > 0) links.push(element("li", { class: "muted" }, `and ${more} more`));
    return element(
      "li",
      {},
      element("p", {}, why.join("; ") || "no reason is known"),
      element("ul", { class: "starts" }, ...links),
    );
  });
  const others = never.length - groupsMax;
  return [
    element(
      "section",
      { class: "panel" },
      element("h2", {}, `Not in this time (${all})`),
      element("ul", { class: "rows" }, ...rows),
      others > 0 && element("p", { class: "muted" }, `and ${count(others, "other reason")}`),
    ),
  ];
}
