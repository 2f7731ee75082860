/** Colours that stand out from light and dark backgrounds. */
export const colours = {
  green: "#4fae62",
  blue: "#5794f2",
  yellow: "#d9a91a",
  orange: "#f2892b",
  red: "#e5484d",
  purple: "#a875d6",
  gray: "#8b949e",
} as const;

export const xml = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

export const round = (value: number): number => Math.round(value * 10) / 10;

export const cut = (value: string, most: number): string =>
  value.length <= most ? value : `${value.slice(0, Math.max(1, most - 1))}…`;

interface TextOptions {
  x: number;
  y: number;
  size: number;
  end?: boolean;
  middle?: boolean;
  faint?: boolean;
}

export function text(value: string, { x, y, size, end, middle, faint }: TextOptions): string {
  const anchor = end ? ' text-anchor="end"' : middle ? ' text-anchor="middle"' : "";
  const kind = faint ? "faint" : "ink";
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" font-size="${size}"${anchor}>${xml(value)}</text>`;
}

/** A value in its unit, as Grafana would show it; `now` in seconds. */
export function shownValue(value: number | undefined, unit: string, now: number): string {
  if (value === undefined || !Number.isFinite(value)) return "no data";
  if (unit === "dateTimeFromNow") return `in ${duration(value / 1000 - now)}`;
  if (unit === "s") return duration(value);
  const number = Number(value.toPrecision(2));
  return unit === "ops" ? `${number}/s` : `${number}`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${round(seconds)} s`;
  if (seconds < 3600) return `${round(seconds / 60)} min`;
  return seconds < 86_400 ? `${round(seconds / 3600)} h` : `${round(seconds / 86_400)} d`;
}
