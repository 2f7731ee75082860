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

/** The first of the names, and that there are more. */
export function listed(names: readonly string[], max: number): string {
  return names.slice(0, max).join(", ") + (names.length > max ? ", …" : "");
}
