/**
 * A text that anybody may have written, as it may stand in a line of ours: without breaks, without what a terminal obeys or what
 * turns the direction of writing, and without half a character.
 */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

/** The same for a text of several lines, whose breaks are ours: the last guard of what is printed for people. */
export function plainLines(text: string): string {
  return text.replace(notOfALine, " ");
}

/** JSON that stands for the same value, and in which all that {@link oneLine} takes out is escaped. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(notOfALine, (char) => char.replace(/[\s\S]/g, escaped));
}

/** What is not to be seen, and breaks of lines other than the usual one. */
const notOfALine = /[^\n\P{C}]|[\p{Zl}\p{Zp}]/gu;

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The same, and no more of it than says enough. */
export function shortLine(text: string, maxChars = 100): string {
  const line = oneLine(text.slice(0, maxChars));
  return text.length > maxChars ? `${line}…` : line;
}

/** The same of a text whose end may say more than its beginning, as an error after many warnings: of a longer one half and half. */
export function shortEnds(text: string, maxChars = 100): string {
  if (text.length <= maxChars) return oneLine(text);
  const half = Math.floor(maxChars / 2);
  return `${oneLine(text.slice(0, half))} … ${oneLine(text.slice(-half))}`;
}
