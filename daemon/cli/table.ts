import { cells, cutCells, padCells, wrapCells } from "../text/cells.ts";
import { oneLine } from "../text/one-line.ts";
import { durationText } from "../time/duration.ts";
import { joined, paint, type Style, type Terminal, type Text } from "./terminal.ts";

/** The time since then, in the form of {@link durationText}; undefined for a text that is no time. */
export function age(time: string | undefined, now: number): string | undefined {
  const seconds = Math.floor((now - Date.parse(time ?? "")) / 1000);
  return Number.isNaN(seconds) ? undefined : durationText(seconds);
}

/** A cell is a text, or a text with the style of all its lines; a missing one is `-`. */
export type Cell = string | undefined | { readonly text: string | undefined; readonly style: Style };

export interface TableLook {
  /** A last cell that is too wide for the terminal: on several lines (the default), or without its end. */
  readonly tooWide?: "wrap" | "cut";
}

/** A last column that is left less than this is wrapped at this width all the same. */
const lastCellsMin = 20;

/** Cells below each other, as kubectl prints tables. Columns are as wide as their widest cell. */
function columns(
  rows: readonly (readonly Cell[])[],
  terminal: Pick<Terminal, "columns">,
  { tooWide = "wrap" }: TableLook = {},
): Text {
  const texts = rows.map((row) => row.map((cell) => oneLine(textOf(cell) || "-")));
  const widths = (texts[0] ?? []).map((_, column) =>
    Math.max(...texts.map((row) => cells(row[column] ?? ""))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const room = terminal.columns && Math.max(lastCellsMin, terminal.columns - before);
  const lastLines = (text: string): string[] => {
    if (room === undefined || room === 0) return [text];
    return tooWide === "cut" ? [cutCells(text, room)] : wrapCells(text, room);
  };
  return texts.map((row, at) => {
    const last = row.length - 1;
    const style = (column: number, text: string) => painted(rows[at]?.[column], text);
    const [first = "", ...more] = lastLines(row[last] ?? "");
    const line = row.map((text, column) => {
      if (column === last) return style(column, first);
      return [style(column, text), padCells("", (widths[column] ?? 0) - cells(text))];
    });
    return [joined(line, "  "), "\n", ...more.map((one) => [" ".repeat(before), style(last, one), "\n"])];
  });
}

function textOf(cell: Cell): string | undefined {
  return typeof cell === "object" ? cell.text : cell;
}

function painted(cell: Cell, text: string): Text {
  return typeof cell === "object" ? paint(cell.style, text) : text;
}

/** A table with bold headings, for this terminal; empty without rows. */
export function paintedTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  terminal: Pick<Terminal, "columns">,
  look?: TableLook,
): Text {
  if (rows.length === 0) return "";
  const heading = header.map((text) => ({ text, style: "heading" as const }));
  return columns([heading, ...rows], terminal, look);
}
