/** How the cost of a roll grows with the cluster: the figures of the bench `scale` against the number of nodes. */
import { median } from "../bench/figures.ts";
import { type Scaled, scale } from "../bench/scale.ts";

const sizes = [10, 100, 300, 1000, 5000];
const partAtOnce = 0.05;
const panel = { width: 240, height: 180, left: 46, top: 40, gap: 24, bottom: 34 };

type Row = Pick<Scaled, "nodes" | "requests" | "writes" | "handOvers">;

interface Panel {
  title: string;
  figureOf: (row: Row) => number;
}

const panels: readonly Panel[] = [
  { title: "requests a node", figureOf: ({ requests, nodes }) => requests / nodes },
  { title: "lock writes a node", figureOf: ({ writes, nodes }) => writes / nodes },
  { title: "release to next cordon, median, s", figureOf: ({ handOvers }) => median(handOvers) / 1000 },
];

/** Rolls of 10 to 5,000 nodes as SVG. Takes a quarter of an hour. */
export async function scalePicture(): Promise<string> {
  const rows: Row[] = [];
  for (const nodes of sizes) rows.push(await scale({ nodes, slots: Math.max(1, nodes * partAtOnce) }));
  return scaleSvg(rows);
}

/** Pure: one panel for each figure; the number of nodes grows by powers of ten. */
export function scaleSvg(rows: readonly Row[]): string {
  const width = panels.length * (panel.left + panel.width + panel.gap);
  const height = panel.top + panel.height + panel.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels.map((one, index) => panelSvg(one, rows, index * (panel.left + panel.width + panel.gap))),
    "</svg>\n",
  ].join("\n");
}

function panelSvg({ title, figureOf }: Panel, rows: readonly Row[], left: number): string {
  const points = rows.map((row) => ({ nodes: row.nodes, value: figureOf(row) }));
  const most = niceAbove(Math.max(...points.map(({ value }) => value)));
  const [first = 1, last = 1] = [points[0]?.nodes, points.at(-1)?.nodes];
  const x = (nodes: number) =>
    left + panel.left + (panel.width * Math.log(nodes / first)) / Math.max(Math.log(last / first), 1);
  const y = (value: number) => panel.top + panel.height * (1 - value / most);
  const line = points.map(({ nodes, value }) => `${x(nodes).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const [bottom, right] = [panel.top + panel.height, left + panel.left + panel.width];
  return [
    `<text x="${left + panel.left}" y="${panel.top - 16}" font-size="13">${title}</text>`,
    ...[0, most / 2, most].map(
      (value) =>
        `<line x1="${left + panel.left}" x2="${right}" y1="${y(value)}" y2="${y(value)}" stroke="#ccc"/>` +
        `<text x="${left + panel.left - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
    ),
    `<polyline points="${line}" fill="none" stroke="#0b62a3" stroke-width="2"/>`,
    ...points.map(
      ({ nodes, value }) =>
        `<circle cx="${x(nodes).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3" fill="#0b62a3"/>` +
        `<text x="${x(nodes).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${nodes.toLocaleString("en")}</text>`,
    ),
  ].join("\n");
}

/** 1, 2 or 5 times a power of ten, and at least the value. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((times) => times * power).find((nice) => nice >= value) ?? value;
}
