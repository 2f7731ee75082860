const maxChars = 100;

/** A text that anybody may have written, on one line and no longer than fits there. */
export function printable(text: string): string {
  // Also what turns the direction of writing, and half of a character that was cut.
  const line = text
    .slice(0, maxChars)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  return text.length > maxChars ? `${line}…` : line;
}
