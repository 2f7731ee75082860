/** The live picture: a row for each node with its bar, why nodes wait, and what happened last. Pure: rows in, lines out. */
import { axis, bar, legend, type Scale, scaleFor } from "./bars.ts";
import { clipped, type Style, shownLength, styled } from "./screen.ts";
import type { Span } from "./spans.ts";

export interface Row {
  node: string;
  isReady: boolean;
  isCordoned: boolean;
  phase: string;
  pods: number;
  boots: number;
  reasons: readonly string[];
  spans: readonly Span[];
}

export interface Picture {
  rows: readonly Row[];
  /** Names of the nodes with a slot. */
  holders: readonly string[];
  concurrency: number;
  url?: string | undefined;
  startedAt: number;
  now: number;
  /** The newest last; each with the milliseconds since the epoch. */
  news: readonly { at: number; text: string }[];
}

const phaseStyles: Record<string, Style> = {
  Waiting: "yellow",
  Draining: "magenta",
  Rebooting: "red",
  Returning: "blue",
  Settling: "cyan",
  Restoring: "magenta",
  Failed: "red",
};

const columns = [
  { title: "NODE", of: (row: Row) => row.node },
  { title: "STATUS", of: statusOf, style: (row: Row): Style => (row.isReady ? "green" : "red") },
  { title: "PHASE", of: (row: Row) => row.phase, style: (row: Row) => phaseStyles[row.phase] ?? "dim" },
  { title: "PODS", of: (row: Row) => String(row.pods) },
  { title: "BOOTS", of: (row: Row) => String(row.boots) },
] satisfies { title: string; of: (row: Row) => string; style?: (row: Row) => Style | undefined }[];

/** Widths are kept for the longest status and phase, so that nothing jumps. */
const floors: Record<string, number> = { STATUS: "NotReady,cordoned".length, PHASE: "Rebooting".length };
/** Shorter bars show nothing. */
const barWidthMin = 12;

/** No line is wider than `width`. */
export function pictureLines(picture: Picture, width: number): string[] {
  const { rows, startedAt, now, news, url } = picture;
  return [
    headLine(picture, width),
    ...(url === undefined ? [] : [clipped(`the page: ${url}`, width)]),
    "",
    ...tableLines(rows, { startedAt, now }, width),
    "",
    ...whyLines(rows, width),
    ...news.map(({ at, text }) => clipped(`${secondsOf(at - startedAt).padStart(8)}  ${text}`, width)),
  ];
}

function headLine({ rows, holders, concurrency, startedAt, now }: Picture, width: number): string {
  const rebooted = rows.filter(({ spans }) => spans.some(({ name }) => name === "done")).length;
  const slots = `${holders.length} of ${concurrency} slots taken`;
  const parts = [
    `rolling reboots, ${secondsOf(now - startedAt)}`,
    `${rebooted} of ${rows.length} nodes rebooted`,
    holders.length === 0 ? slots : `${slots}: ${holders.join(", ")}`,
  ];
  return styled(clipped(parts.join("   "), width), "bold");
}

export function tableLines(
  rows: readonly Row[],
  { startedAt, now }: { startedAt: number; now: number },
  width: number,
): string[] {
  const cells = rows.map((row) => columns.map(({ of }) => of(row)));
  const widths = columns.map(({ title }, n) =>
    Math.max(title.length, floors[title] ?? 0, ...cells.map((line) => line[n]?.length ?? 0)),
  );
  const left = widths.reduce((sum, one) => sum + one + 2, 0);
  const scale = width - left >= barWidthMin ? scaleFor(startedAt, now, width - left) : undefined;
  const titles = columns.map(({ title }, n) => title.padEnd(widths[n] ?? 0)).join("  ");
  const header = scale === undefined ? clipped(titles, width) : `${titles}  ${axis(scale)}`;
  const lines = rows.map((row) => line(row, { widths, left, scale, width }));
  return [styled(header, "bold"), ...lines, ...(scale === undefined ? [] : ["", legendLine(width)])];
}

interface Layout {
  widths: readonly number[];
  /** Characters before the bar. */
  left: number;
  scale: Scale | undefined;
  width: number;
}

function line(row: Row, { widths, left, scale, width }: Layout): string {
  let free = width;
  const parts = columns.flatMap((column, n) => {
    if (free <= 0) return [];
    const wanted = widths[n] ?? 0;
    const text = clipped(column.of(row).padEnd(wanted), free);
    free -= wanted + 2;
    return [styled(text, "style" in column ? column.style(row) : undefined)];
  });
  const text = parts.join("  ");
  if (scale === undefined) return text.trimEnd();
  const pad = " ".repeat(Math.max(0, left - shownLength(text)));
  return `${text}${pad}${bar(row.spans, scale)}`.trimEnd();
}

function legendLine(width: number): string {
  const line = legend();
  return shownLength(line) <= width ? line : "";
}

/** One line for each reason, with all nodes that wait for it. */
function whyLines(rows: readonly Row[], width: number): string[] {
  const nodesBy = new Map<string, string[]>();
  for (const { node, reasons } of rows) {
    for (const reason of reasons) nodesBy.set(reason, [...(nodesBy.get(reason) ?? []), node]);
  }
  const lines = [...nodesBy].map(([reason, nodes]) => {
    const named =
      nodes.length > 4 ? `${nodes.slice(0, 3).join(", ")} and ${nodes.length - 3} more` : nodes.join(", ");
    return styled(clipped(`${named}: ${reason}`, width), "yellow");
  });
  return lines.length === 0 ? [] : [...lines.slice(0, 4), ""];
}

function statusOf({ isReady, isCordoned }: Row): string {
  return `${isReady ? "Ready" : "NotReady"}${isCordoned ? ",cordoned" : ""}`;
}

function secondsOf(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
