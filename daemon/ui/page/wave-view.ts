/** The timeline of the wave that is under way, or of the last one. */
import { count } from "../../text/count.ts";
import { element, refill, setText } from "./element.ts";
import type { Fleet } from "./fleet.ts";
import { at, nodeLink, type Page, phaseBadge, table as tableWith, type View } from "./page.ts";
import { nameOf } from "./tile.ts";
import { timelineOf } from "./timeline.ts";
import { exactSpan } from "./times.ts";
import { type Bar, isBusy, lastWave, type PartName, partNames, type Wave } from "./wave.ts";

/** The newest of a longer wave. More bars than these are no picture any more. */
const barsMax = 250;
const rowsMax = 1000;
const redrawMs = 2000;

export const partWords: Record<PartName, string> = { drain: "drain", down: "down", return: "return" };

export function createWaveView(page: Page): View {
  const summary = element("p", { class: "lead" }, "Reading the cluster…");
  const legend = element(
    "ul",
    { class: "legend", "aria-label": "Parts of a bar" },
    ...partNames.map((part) =>
      element("li", {}, element("i", { class: `part ${part}`, "aria-hidden": "true" }), partWords[part]),
    ),
    element("li", {}, element("i", { class: "now-key", "aria-hidden": "true" }), "now"),
  );
  const chart = element("div", { class: "chart" });
  const rest = element("p", { class: "muted" });
  const table = element("div");
  const details = element("details", {}, element("summary", {}, "The same as a table"), table);
  const panel = element("section", { class: "panel", "aria-label": "Timeline" }, legend, chart, rest);
  const tablePanel = element("section", { class: "panel", "aria-label": "Table" }, details);
  panel.hidden = tablePanel.hidden = true;
  let width = 0;
  let drawn = 0;
  let isMoving = false;

  const sizes = new ResizeObserver(() => {
    if (chart.clientWidth === width) return;
    draw();
  });
  sizes.observe(chart);
  details.addEventListener("toggle", draw);
  chart.addEventListener("click", ({ target }) => {
    const name = nameOf(target);
    if (name !== undefined) page.go({ view: "node", name }, true);
  });

  function draw(): void {
    const fleet = page.fleet();
    if (fleet === undefined) return;
    const now = page.now();
    drawn = now;
    width = chart.clientWidth;
    const wave = lastWave(fleet.nodes.values(), now);
    panel.hidden = tablePanel.hidden = wave === undefined;
    isMoving = wave?.isUnderWay ?? false;
    if (wave === undefined) setText(summary, "No node has been drained or rebooted yet.");
    if (wave === undefined) return;
    refill(summary, ...summaryOf(page, wave, fleet));
    const left = wave.bars.length - barsMax;
    const bars = left > 0 ? wave.bars.slice(-barsMax) : wave.bars;
    setText(rest, left > 0 ? `The ${count(left, "node")} before are in the table only.` : "");
    if (width > 0)
      refill(chart, timelineOf(page, { ...wave, bars }, wave.bars, fleet.head.slots.max, now, width));
    if (details.open) refill(table, tableOf(page, wave, now));
  }

  return {
    title: "Wave",
    element: element("div", {}, element("h1", { tabindex: -1 }, "Wave"), summary, panel, tablePanel),
    update: draw,
    tick() {
      // A picture that is drawn again loses the tip of the browser, and what is selected in the table.
      const isRead = chart.matches(":hover") || table.matches(":hover, :focus-within");
      if (isMoving && !isRead && page.now() - drawn >= redrawMs) draw();
    },
    leave: () => sizes.disconnect(),
  };
}

function summaryOf(page: Page, wave: Wave, { nodes }: Fleet): (Node | string)[] {
  const { bars, from, until, isUnderWay } = wave;
  const active = bars.filter(isBusy).length;
  const rebooted = bars.filter((bar) => bar.result === "rebooted" && !isBusy(bar)).length;
  const failed = bars.filter(({ result }) => result === "failed").length;
  const withdrawn = bars.filter(({ result }) => result === "withdrawn").length;
  const waiting = [...nodes.values()].filter(({ phase }) => phase === "Waiting").length;
  const parts = [
    active > 0 && `${active} under way`,
    rebooted > 0 && `${rebooted} rebooted`,
    failed > 0 && `${failed} failed`,
    withdrawn > 0 && `${withdrawn} ended before the reboot`,
    waiting > 0 && `${waiting} waiting`,
  ].filter((part) => part !== false);
  const times = isUnderWay
    ? ["Under way since ", at(page, from), ` (${exactSpan(page.now() - from)})`]
    : [
        "The last wave, from ",
        at(page, from, `${page.times.day(from)} ${page.times.clock(from)}`),
        ` for ${exactSpan(until - from)}`,
      ];
  return [...times, `: ${parts.join(", ")}.`];
}

function tableOf(page: Page, { bars }: Wave, now: number): HTMLElement {
  const rows = bars
    .slice(-rowsMax)
    .map((bar) => [
      nodeLink({ name: bar.node }),
      phaseBadge(bar.phase),
      at(page, bar.from, page.times.seconds(bar.from)),
      ...partNames.map((name) => partText(bar, name, now)),
      endText(bar),
    ]);
  return tableWith("The wave as a table", ["Node", "Phase", "Begun", "Drain", "Down", "Return", "End"], rows);
}

function partText({ parts, isUnderWay }: Bar, name: PartName, now: number): string {
  const part = parts.find((one) => one.name === name);
  if (part === undefined) return "–";
  const isLast = isUnderWay && part === parts.at(-1);
  return isLast ? `${exactSpan(now - part.from)} so far` : exactSpan(part.until - part.from);
}

export const resultWords = {
  rebooted: "rebooted",
  failed: "failed",
  withdrawn: "ended before the reboot",
} as const;

function endText({ isUnderWay, result }: Bar): string {
  if (isUnderWay) return "under way";
  return result === undefined ? "ended" : resultWords[result];
}
