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

/** The same of a text whose end may say more than its beginning, as an error after many warnings: of a longer one half and half. */
export function shortEnds(text: string, maxChars = 100): string {
  if (text.length <= maxChars) return oneLine(text);
  const half = Math.floor(maxChars / 2);
  return `${oneLine(text.slice(0, half))} … ${oneLine(text.slice(-half))}`;
}
