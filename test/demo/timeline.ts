/** The roll as a picture: one row for each node, one colour for each span. Pure. */
import type { CycleTimes } from "../world/courses.ts";
import type { NodeReport } from "../world/judge.ts";

export interface Timeline {
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  nodes: readonly NodeReport[];
  title: string;
}

const layout = { left: 90, right: 24, width: 960, top: 78, row: 30, bar: 20 };

const spans = [
  { name: "waiting", from: "sentinelAt", to: "cordonedAt" },
  { name: "draining", from: "cordonedAt", to: "rebootedAt" },
  { name: "down", from: "rebootedAt", to: "readyAt" },
  { name: "returning", from: "readyAt", to: "uncordonedAt" },
  { name: "uncordoned", from: "uncordonedAt", to: undefined },
] as const satisfies { name: string; from: keyof CycleTimes; to: keyof CycleTimes | undefined }[];

/** Each colour stands out from both backgrounds, and carries black text. */
const style = `
  .page { fill: #ffffff } .ink { fill: #1f2328 } .faint { fill: #57606a } .grid { stroke: #d0d7de }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .ink { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #30363d }
  }
  text { font: 13px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 }
  .in { font-size: 11px; fill: #101418; text-anchor: middle } .tick { font-size: 12px; text-anchor: middle }
  .waiting { fill: #e3c567 } .draining { fill: #d18ad6 } .down { fill: #f0766a } .returning { fill: #6cb0f5 }
  .uncordoned { fill: #72c784 }`;

export function timelineSvg({ startedAt, endedAt, nodes, title }: Timeline): string {
  const { left, right, width, top, row } = layout;
  const lengthMs = Math.max(1, endedAt - startedAt);
  const x = (at: number) => left + ((at - startedAt) / lengthMs) * (width - left - right);
  const height = top + nodes.length * row + 40;
  const bottom = top + nodes.length * row;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${xml(title)}">`,
    `<style>${style}\n</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="ink title" x="20" y="28">${xml(title)}</text>`,
    ...legend(),
    ...ticks(lengthMs).flatMap((ms) => [
      `<line class="grid" x1="${round(x(startedAt + ms))}" x2="${round(x(startedAt + ms))}" y1="${top - 6}" y2="${bottom + 4}"/>`,
      `<text class="faint tick" x="${round(x(startedAt + ms))}" y="${bottom + 20}">${ms / 1000} s</text>`,
    ]),
    ...nodes.flatMap((node, n) => nodeRow(node, top + n * row, x, endedAt)),
    "</svg>",
    "",
  ].join("\n");
}

function legend(): string[] {
  return spans.flatMap(({ name }, n) => [
    `<rect class="${name}" x="${20 + n * 110}" y="42" width="14" height="14" rx="3"/>`,
    `<text class="ink" x="${40 + n * 110}" y="54">${name}</text>`,
  ]);
}

function nodeRow(node: NodeReport, y: number, x: (at: number) => number, endedAt: number): string[] {
  const { left, row, bar } = layout;
  const label = node.name.length > 10 ? `${node.name.slice(0, 9)}…` : node.name;
  const lines = [
    `<text class="ink" x="${left - 12}" y="${y + bar - 5}" text-anchor="end">${xml(label)}<title>${xml(node.name)}</title></text>`,
  ];
  node.cycles.forEach((cycle, n) => {
    const next = node.cycles[n + 1];
    const cycleEnd = timeOf(next?.sentinelAt ?? next?.cordonedAt) ?? endedAt;
    for (const { name, from, to } of spans) {
      const start = timeOf(cycle[from]);
      // What did not come lasts until the end.
      const end = Math.min(to === undefined ? cycleEnd : (timeOf(cycle[to]) ?? cycleEnd), cycleEnd);
      if (start !== undefined && end >= start)
        lines.push(...bars(name, start, end, x, y + (row - bar) / 2 - 4));
    }
  });
  return lines;
}

function bars(name: string, start: number, end: number, x: (at: number) => number, y: number): string[] {
  const width = Math.max(1, x(end) - x(start));
  const text = `${((end - start) / 1000).toFixed(1)} s`;
  const box = `<rect class="${name}" x="${round(x(start))}" y="${y}" width="${round(width)}" height="${layout.bar}"><title>${name} ${text}</title></rect>`;
  if (width < 40 || name === "uncordoned") return [box];
  return [box, `<text class="in" x="${round(x(start) + width / 2)}" y="${y + 14}">${text}</text>`];
}

/** At most a dozen, at round times. */
function ticks(lengthMs: number): number[] {
  const steps = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600].map((step) => step * 1000);
  const step = steps.find((step) => lengthMs / step <= 12) ?? lengthMs;
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, n) => n * step);
}

function timeOf(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Date.parse(text);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function xml(text: string): string {
  return text.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
