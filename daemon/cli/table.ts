import { oneLine } from "../text/one-line.ts";

/** How long ago, in the largest unit of which there are at least two: `95s`, `4m`, `30h`, `3d`. */
export function age(time: string | undefined, now: number): string | undefined {
  const seconds = Math.floor((now - Date.parse(time ?? "")) / 1000);
  if (Number.isNaN(seconds)) return undefined;
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)}${unit}`;
  }
  return `${Math.max(0, seconds)}s`;
}

/** Cells below each other, as kubectl prints tables; what is missing is `-`. */
export function columns(rows: readonly (readonly (string | undefined)[])[]): string {
  const texts = rows.map((row) => row.map((cell) => oneLine(cell || "-")));
  const widths = (texts[0] ?? []).map((_, column) =>
    Math.max(...texts.map((row) => (row[column] ?? "").length)),
  );
  const lines = texts.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** Nothing where there are no rows. */
export function table(header: string[], rows: (string | undefined)[][]): string {
  return rows.length === 0 ? "" : columns([header, ...rows]);
}
