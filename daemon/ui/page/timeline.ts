/** The picture of a wave: slots in use above, a bar for each node below, one time axis for both. */
import { count } from "../../text/count.ts";
import { drawing } from "./element.ts";
import type { Page } from "./page.ts";
import { phaseLook } from "./phases.ts";
import { exactSpan } from "./times.ts";
import { type Bar, inFlight, shortened, ticksOf, type Wave } from "./wave.ts";

const rowPx = 22;
const narrowRowPx = 38;
const barPx = 12;
const downPx = 5;
const usagePx = 44;
const axisPx = 22;
const charPx = 7.2;
const narrowPx = 640;

interface Scale {
  x(time: number): number;
  left: number;
  right: number;
  isNarrow: boolean;
}

/** `all`: the bars for the number of slots in use, also those that are not drawn. */
export function timelineOf(
  page: Page,
  wave: Wave,
  all: readonly Bar[],
  slotsMax: number | undefined,
  now: number,
  width: number,
): SVGSVGElement {
  const isNarrow = width < narrowPx;
  const row = isNarrow ? narrowRowPx : rowPx;
  const longest = Math.max(...wave.bars.map(({ node }) => node.length));
  const left = isNarrow ? 22 : Math.min(260, 30 + longest * charPx);
  const right = width - 14;
  const from = wave.bars[0]?.from ?? wave.from;
  const until = Math.max(wave.until, from + 60_000);
  const x = (time: number) =>
    left + ((Math.min(until, Math.max(from, time)) - from) / (until - from)) * (right - left);
  const scale: Scale = { x, left, right, isNarrow };
  const top = usagePx + axisPx + 8;
  const height = top + wave.bars.length * row + 6;
  const bars = wave.bars.map((bar, index) => barOf(bar, top + index * row, scale));
  return drawing(
    "svg",
    {
      class: "timeline",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": labelOf(page, wave),
    },
    ...axisOf(page, { from, until }, scale, height),
    ...usageOf(all, slotsMax, { from, until }, scale),
    ...bars,
    wave.isUnderWay && drawing("line", { class: "now", x1: x(now), x2: x(now), y1: usagePx, y2: height }),
  );
}

function labelOf(page: Page, { bars, from, until, isUnderWay }: Wave): string {
  const end = isUnderWay ? "until now" : `until ${page.times.clock(until)}`;
  return `Timeline of ${count(bars.length, "node")} from ${page.times.clock(from)} ${end}. The table below has the same.`;
}

type Range = Pick<Wave, "from" | "until">;

function axisOf(
  { times }: Page,
  { from, until }: Range,
  { x, left, right }: Scale,
  height: number,
): SVGElement[] {
  const zoneMs = -new Date(from).getTimezoneOffset() * 60_000;
  const { stepMs, at } = ticksOf(from, until, Math.max(2, Math.floor((right - left) / 84)), zoneMs);
  const text = stepMs >= 86_400_000 ? times.day : stepMs < 60_000 ? times.seconds : times.clock;
  return at.flatMap((time) => {
    const place = x(time);
    const anchor = place < left + 24 ? "start" : place > right - 24 ? "end" : "middle";
    return [
      drawing("line", { class: "tick", x1: place, x2: place, y1: 4, y2: height }),
      drawing("text", { class: "axis", x: place, y: usagePx + 16, "text-anchor": anchor }, text(time)),
    ];
  });
}

/** Slots in use as steps, and their limit as a dashed line. */
function usageOf(
  bars: readonly Bar[],
  max: number | undefined,
  { until }: Range,
  { x, left, right, isNarrow }: Scale,
): SVGElement[] {
  const steps = inFlight(bars);
  const most = Math.max(1, max ?? 0, ...steps.map((step) => step.count));
  const y = (number: number) => usagePx - (number / most) * (usagePx - 14);
  let path = `M${left} ${y(0)}`;
  for (const step of steps) path += `H${x(step.at).toFixed(1)}V${y(step.count).toFixed(1)}`;
  path += `H${x(until).toFixed(1)}V${y(0)}Z`;
  const limit =
    max === undefined
      ? []
      : [
          drawing("line", { class: "limit", x1: left, x2: right, y1: y(max), y2: y(max) }),
          drawing(
            "text",
            { class: "axis", x: right, y: y(max) - 3, "text-anchor": "end" },
            `limit ${count(max, "slot")}`,
          ),
        ];
  const title = isNarrow
    ? []
    : [drawing("text", { class: "axis", x: left - 8, y: usagePx - 2, "text-anchor": "end" }, "slots in use")];
  return [drawing("path", { class: "usage", d: path }), ...limit, ...title];
}

function barOf(bar: Bar, top: number, { x, left, isNarrow }: Scale): SVGElement {
  const { node, phase, parts, isUnderWay, isTroubled, result } = bar;
  const y = isNarrow ? top + 18 : top + (rowPx - barPx) / 2;
  const textY = isNarrow ? top + 13 : top + 15;
  const chars = isNarrow ? 44 : Math.floor((left - 26) / charPx);
  const took = parts.map(({ name, from, until }) => `${name} ${exactSpan(until - from)}`).join(", ");
  const last = parts.at(-1);
  const isBad = isTroubled || result === "failed";
  const sign = isBad ? "!" : isUnderWay ? phaseLook(phase).glyph : result === "withdrawn" ? "↩" : "✓";
  return drawing(
    "g",
    { class: isBad ? "bar bad" : "bar", "data-name": node },
    drawing("title", {}, `${node}: ${isUnderWay ? phase : (result ?? "ended")}; ${took}`),
    drawing("rect", { class: "hit", x: 0, y: top, width: "100%", height: isNarrow ? narrowRowPx : rowPx }),
    drawing("text", { class: "sign", x: 8, y: textY, "text-anchor": "middle" }, sign),
    drawing(
      "text",
      {
        class: "bar-name",
        x: isNarrow ? left : left - 8,
        y: textY,
        "text-anchor": isNarrow ? "start" : "end",
      },
      shortened(node, chars),
    ),
    ...parts.map(({ name, from, until }) =>
      drawing("rect", {
        class: `part ${name}${isUnderWay && last?.name === name ? " open" : ""}`,
        x: x(from).toFixed(1),
        y: name === "down" ? y + (barPx - downPx) / 2 : y,
        width: Math.max(1.5, x(until) - x(from)).toFixed(1),
        height: name === "down" ? downPx : barPx,
      }),
    ),
  );
}
