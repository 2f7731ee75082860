/** The text, or its beginning and "…": at most `maxChars` long, and without half a character at the end. */
export function cut(text: string, maxChars: number): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF]$/, "")}…` : text;
}
