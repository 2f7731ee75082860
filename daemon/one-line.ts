/**
 * A text that anybody may have written, as it may stand in a line of ours: without breaks, without what a terminal obeys or what
 * turns the direction of writing, and without half a character.
 */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

/** The same, and no more of it than says enough. */
export function shortLine(text: string, maxChars = 100): string {
  const line = oneLine(text.slice(0, maxChars));
  return text.length > maxChars ? `${line}…` : line;
}
