import { oneLine } from "../text/one-line.ts";

/** The time since then, in the form of {@link duration}; undefined for a text that is no time. */
export function age(time: string | undefined, now: number): string | undefined {
  const seconds = Math.floor((now - Date.parse(time ?? "")) / 1000);
  return Number.isNaN(seconds) ? undefined : duration(seconds);
}

/**
 * Up to ten minutes as `1m40s`; else in the largest unit of which there are at least two: `45m`, `30h`, `3d`.
 */
export function duration(seconds: number): string {
  if (seconds >= 60 && seconds < 600) {
    const rest = seconds % 60;
    return `${Math.floor(seconds / 60)}m${rest === 0 ? "" : `${rest}s`}`;
  }
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)}${unit}`;
  }
  return `${Math.max(0, seconds)}s`;
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
