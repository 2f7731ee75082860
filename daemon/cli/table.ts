import { oneLine } from "../text/one-line.ts";
import { durationText } from "../time/duration.ts";

/** The time since then, in the form of {@link durationText}; undefined for a text that is no time. */
export function age(time: string | undefined, now: number): string | undefined {
  const seconds = Math.floor((now - Date.parse(time ?? "")) / 1000);
  return Number.isNaN(seconds) ? undefined : durationText(seconds);
}

/** Cells below each other, as kubectl prints tables; a missing cell is `-`. */
export function columns(rows: readonly (readonly (string | undefined)[])[]): string {
  const texts = rows.map((row) => row.map((cell) => oneLine(cell || "-")));
  const widths = (texts[0] ?? []).map((_, column) =>
    Math.max(...texts.map((row) => (row[column] ?? "").length)),
  );
  const lines = texts.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** Empty without rows. */
export function table(header: string[], rows: (string | undefined)[][]): string {
  return rows.length === 0 ? "" : columns([header, ...rows]);
}
