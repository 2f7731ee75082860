/** The dashboard as a picture, from its JSON and the answers to its queries, in the way that Grafana's panels show them. */
import type { Dashboard } from "../grafana-schema.ts";
import type { PanelData, Span } from "./data.ts";
import { drawPanel } from "./panels.ts";
import { text, xml } from "./svg.ts";

const cell = { width: 50, height: 28 };
const gap = 8;
const top = 44;

const style = `
  .page { fill: #f4f5f5 } .panel { fill: #ffffff; stroke: #d0d7de } .ink { fill: #1f2328 } .faint { fill: #57606a }
  .grid { stroke: #d0d7de }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .panel { fill: #161b22; stroke: #30363d } .ink { fill: #e6edf3 } .faint { fill: #9198a1 }
    .grid { stroke: #30363d }
  }
  text { font-family: system-ui, sans-serif }`;

export function dashboardSvg({ title, panels }: Dashboard, data: PanelData, span: Span): string {
  const width = 24 * cell.width + gap;
  const height = top + Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * cell.height + gap;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${xml(title)}">`,
    `<style>${style}\n</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    text(title, { x: gap + 4, y: 28, size: 18 }),
    ...panels.flatMap((panel) => {
      const { x, y, w, h } = panel.gridPos;
      const at = `translate(${gap + x * cell.width} ${top + y * cell.height})`;
      if (panel.type === "row") {
        return [`<g transform="${at}">`, text(panel.title, { x: 4, y: 20, size: 14 }), "</g>"];
      }
      const box = { width: w * cell.width - gap, height: h * cell.height - gap };
      const inner = { width: box.width, height: box.height - 26 };
      return [
        `<g transform="${at}">`,
        `<rect class="panel" width="${box.width}" height="${box.height}" rx="3"/>`,
        text(panel.title, { x: 10, y: 18, size: 12 }),
        `<g transform="translate(0 26)">`,
        ...drawPanel(panel, data.get(panel.id) ?? [], span, inner),
        "</g></g>",
      ];
    }),
    "</svg>",
    "",
  ].join("\n");
}
