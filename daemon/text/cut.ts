/** The text, or its beginning and "…": at most `maxChars` long, and without half a character at the end. */
export function cut(text: string, maxChars: number): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF]$/, "")}…` : text;
}

/** The text, or its beginning and "…": at most `maxBytes` of UTF-8, and without half a character at the end. */
export function cutBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text).subarray(0, maxBytes - Buffer.byteLength("…"));
  // A character that was cut through is decoded as U+FFFD.
  return `${bytes.toString().replace(/\uFFFD+$/, "")}…`;
}
