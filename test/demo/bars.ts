/** The roll as bars of characters, which grow with the time. Pure. */
import { type Style, styled } from "./screen.ts";
import { type Span, type SpanName, spanNames } from "./spans.ts";

export interface Scale {
  startedAt: number;
  /** Milliseconds of one character. */
  cellMs: number;
  /** In characters. */
  width: number;
}

const cellSteps = [250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000];
const labelEvery = 10;

export const spanStyles: Record<SpanName, Style> = {
  waiting: "yellow",
  draining: "magenta",
  down: "red",
  returning: "blue",
  done: "green",
};

/** Where spans share a character, the first of these is shown: no absence is too short to be seen. */
const importance: readonly SpanName[] = ["down", "returning", "draining", "done", "waiting"];

/** The finest scale on which the time until now fits. */
export function scaleFor(startedAt: number, now: number, width: number): Scale {
  const needed = (now - startedAt) / width;
  const tenMinutes = 600_000;
  const cellMs = cellSteps.find((step) => step > needed) ?? Math.ceil(needed / tenMinutes) * tenMinutes;
  return { startedAt, cellMs, width };
}

export function bar(spans: readonly Span[], { startedAt, cellMs, width }: Scale): string {
  const cells = Array.from({ length: width }, (_, n): SpanName | undefined => {
    const [from, to] = [startedAt + n * cellMs, startedAt + (n + 1) * cellMs];
    const shown = spans.filter((span) => span.from < to && (span.to > from || span.from >= from));
    return importance.find((name) => shown.some((span) => span.name === name));
  });
  const groups: { name: SpanName | undefined; length: number }[] = [];
  for (const name of cells) {
    const last = groups.at(-1);
    if (last?.name === name && last !== undefined) last.length += 1;
    else groups.push({ name, length: 1 });
  }
  return groups
    .map(({ name, length }) => {
      if (name === undefined) return " ".repeat(length);
      const glyph = spanNames.find((one) => one.name === name)?.glyph ?? " ";
      return styled(glyph.repeat(length), spanStyles[name]);
    })
    .join("")
    .trimEnd();
}

/** The times above the bars: at each tenth character the one that begins there. */
export function axis({ cellMs, width }: Scale): string {
  let text = "";
  for (let n = 0; n < width; n += labelEvery) {
    const label = duration(n * cellMs);
    if (n + label.length <= width) text = `${text.padEnd(n)}${label}`;
  }
  return text;
}

export function legend(): string {
  return spanNames
    .map(({ name, glyph }) => `${styled(glyph.repeat(2), spanStyles[name])} ${name}`)
    .join("   ");
}

/** Such as "7.5 s" or "3 min". */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
