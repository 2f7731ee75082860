/**
 * An untrusted text, made safe for a line of output: without line breaks, control characters of terminals,
 * changes of the writing direction, and half characters.
 */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

/** The same for a text of several lines, with trusted line breaks. A last safeguard for output to people. */
export function plainLines(text: string): string {
  return text.replace(notOfALine, " ");
}

/** JSON of the value, with escapes for all characters that {@link oneLine} removes. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(notOfALine, (char) => char.replace(/[\s\S]/g, escaped));
}

/** Invisible characters, and line breaks other than \n. */
const notOfALine = /[^\n\P{C}]|[\p{Zl}\p{Zp}]/gu;

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** {@link oneLine} of a text, cut after `maxChars`. */
export function shortLine(text: string, maxChars = 100): string {
  const line = oneLine(text.slice(0, maxChars));
  return text.length > maxChars ? `${line}…` : line;
}

/**
 * {@link oneLine} of a text, cut in the middle: its end may matter more than its beginning, for example an
 * error after warnings.
 */
export function shortEnds(text: string, maxChars = 100): string {
  if (text.length <= maxChars) return oneLine(text);
  const half = Math.floor(maxChars / 2);
  return `${oneLine(text.slice(0, half))} … ${oneLine(text.slice(-half))}`;
}
