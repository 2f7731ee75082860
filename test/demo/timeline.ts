/** The roll as a picture: one row for each node, one colour for each span, and how many are away at a time. Pure. */
import type { CycleTimes } from "../world/courses.ts";
import { duration } from "./bars.ts";
import { awayOverTime, type Span, spanNames, spansOf } from "./spans.ts";

export interface Timeline {
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  /** Each with its cycles, in the order of the rows. */
  nodes: readonly { name: string; cycles: readonly CycleTimes[] }[];
  /** The limit of nodes that are unavailable at a time. */
  concurrency: number;
  title: string;
}

const layout = { left: 100, right: 24, width: 960, top: 84, row: 28, bar: 20, step: 16 };

/** Each colour stands out from both backgrounds, and carries black text. */
const style = `
  .page { fill: #ffffff } .ink { fill: #1f2328 } .faint { fill: #57606a } .grid { stroke: #d0d7de }
  .away { fill: #8c959f } .limit { stroke: #b35900 } .of-limit { fill: #8a4600 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .ink { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #30363d }
    .away { fill: #6e7681 } .limit { stroke: #f0a35c } .of-limit { fill: #f0a35c }
  }
  text { font: 13px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 } .end { text-anchor: end }
  .in { font-size: 11px; fill: #101418; text-anchor: middle } .tick { font-size: 12px; text-anchor: middle }
  .waiting { fill: #e3c567 } .draining { fill: #d18ad6 } .down { fill: #f0766a } .returning { fill: #6cb0f5 }
  .done { fill: #72c784 }`;

/** Each span with its place. */
interface Drawing {
  x: (at: number) => number;
  rows: readonly { name: string; spans: readonly Span[] }[];
  /** Where the rows of the nodes end, and the steps below them begin. */
  bottom: number;
  lengthMs: number;
}

export function timelineSvg(timeline: Timeline): string {
  const { startedAt, endedAt, title, concurrency } = timeline;
  const { left, right, width, top, row, step } = layout;
  const rows = timeline.nodes.map(({ name, cycles }) => ({ name, spans: spansOf(cycles, endedAt) }));
  const lengthMs = Math.max(1, endedAt - startedAt);
  const x = (at: number) => round(left + ((at - startedAt) / lengthMs) * (width - left - right));
  const bottom = top + rows.length * row;
  const away = awayOverTime(
    rows.map(({ spans }) => spans),
    startedAt,
  );
  const most = Math.max(concurrency, ...away.map(({ count }) => count));
  const floor = bottom + 22 + most * step;
  const height = floor + 52;
  const drawing = { x, rows, bottom, lengthMs };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${xml(title)}</title>`,
    `<desc id="desc">${xml(description(drawing, timeline))}</desc>`,
    `<style>${style}\n</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="ink title" x="20" y="28">${xml(title)}</text>`,
    ...legend(),
    ...grid(drawing, startedAt, floor),
    ...rows.flatMap(({ name, spans }, n) => nodeRow(name, spans, x, top + n * row)),
    ...steps(away, { x, endedAt, floor, concurrency }),
    "</svg>",
    "",
  ].join("\n");
}

/** For those who do not see it. */
function description({ rows, lengthMs }: Drawing, { startedAt, concurrency }: Timeline): string {
  const since = (at: number) => shortTime(at - startedAt);
  const sentences = rows.map(({ name, spans }) => {
    const down = spans.find((span) => span.name === "down");
    const done = spans.find((span) => span.name === "done");
    if (down === undefined) return `${name} was not rebooted.`;
    const end =
      done === undefined ? "and was not back at the end" : `and was uncordoned at ${since(done.from)}`;
    return `${name} went down at ${since(down.from)}, ${end}.`;
  });
  const head = `A row for each node over ${shortTime(lengthMs)}. At most ${concurrency} may be unavailable at a time.`;
  return [head, ...sentences].join(" ");
}

function legend(): string[] {
  let x = 20;
  return spanNames.flatMap(({ name, means }) => {
    const [at, width] = [x, 40 + means.length * 7];
    x += width;
    return [
      `<rect class="${name}" x="${at}" y="44" width="14" height="14" rx="3"/>`,
      `<text class="ink" x="${at + 20}" y="56">${means}</text>`,
    ];
  });
}

function grid({ x, lengthMs }: Drawing, startedAt: number, floor: number): string[] {
  const { top, left, right, width } = layout;
  const lines = ticks(lengthMs).flatMap((ms) => {
    const at = x(startedAt + ms);
    return [
      `<line class="grid" x1="${at}" x2="${at}" y1="${top - 6}" y2="${floor + 4}"/>`,
      `<text class="faint tick" x="${at}" y="${floor + 20}">${duration(ms)}</text>`,
    ];
  });
  const middle = left + (width - left - right) / 2;
  return [
    ...lines,
    `<text class="faint tick" x="${middle}" y="${floor + 40}">time since the roll began</text>`,
  ];
}

function nodeRow(name: string, spans: readonly Span[], x: (at: number) => number, y: number): string[] {
  const { left, row, bar } = layout;
  const label = name.length > 11 ? `${name.slice(0, 10)}…` : name;
  return [
    `<text class="ink end" x="${left - 12}" y="${y + bar - 5}">${xml(label)}<title>${xml(name)}</title></text>`,
    ...spans.flatMap((span) => bars(span, x, y + (row - bar) / 2 - 4)),
  ];
}

function bars({ name, from, to }: Span, x: (at: number) => number, y: number): string[] {
  const width = round(Math.max(1, x(to) - x(from)));
  const text = shortTime(to - from);
  const box = `<rect class="${name}" x="${x(from)}" y="${y}" width="${width}" height="${layout.bar}"><title>${name} ${text}</title></rect>`;
  if (width < 12 + text.length * 6 || name === "done") return [box];
  return [box, `<text class="in" x="${round(x(from) + width / 2)}" y="${y + 14}">${text}</text>`];
}

interface Floor {
  x: (at: number) => number;
  endedAt: number;
  /** Where the count is 0. */
  floor: number;
  concurrency: number;
}

/** How many are away at a time, below the line that they must not cross. */
function steps(
  away: readonly { at: number; count: number }[],
  { x, endedAt, floor, concurrency }: Floor,
): string[] {
  const { left, right, width, step } = layout;
  const y = (count: number) => floor - count * step;
  const path = away.map(({ at, count }) => `H${x(at)}V${y(count)}`).join("");
  const limit = y(concurrency);
  return [
    `<path class="away" d="M${left} ${floor}${path}H${x(endedAt)}V${floor}Z"/>`,
    `<line class="limit" x1="${left}" x2="${width - right}" y1="${limit}" y2="${limit}" stroke-width="2" stroke-dasharray="6 4"/>`,
    `<text class="of-limit end" x="${left - 12}" y="${limit + 4}">limit ${concurrency}</text>`,
    `<text class="faint end" x="${left - 12}" y="${floor + 4}">unavailable</text>`,
  ];
}

/** At most a dozen, at round times. */
function ticks(lengthMs: number): number[] {
  const seconds = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 240, 300, 600, 1200, 3600];
  const steps = seconds.map((step) => step * 1000);
  const step = steps.find((step) => lengthMs / step <= 12) ?? lengthMs;
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, n) => n * step);
}

function shortTime(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function xml(text: string): string {
  return text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
