import { createHash } from "node:crypto";

/** A name for the text: the same for the same text, 32 characters of 0-9 and a-f. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** The text as a key of at most `maxChars`: a longer text is replaced by its {@link digest}. */
export function keyOf(text: string, maxChars: number): string {
  return text.length > maxChars ? digest(text) : text;
}
