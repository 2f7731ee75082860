/** Annotations in which a person asks for something: `true` or a reason, and "false" is the same as none. */

const reasonMaxChars = 200;

/** Undefined where nothing is asked for. */
export function wishIn(annotation: string | undefined): string | undefined {
  const text = annotation?.trim() ?? "";
  return text === "" || text === "false" ? undefined : text;
}

/** None where it is just `true`. */
export function reasonIn(text: string | undefined): { reason?: string } {
  return text === undefined || text === "" || text === "true"
    ? {}
    : { reason: text.slice(0, reasonMaxChars) };
}

/** What stands before the reason, and the reason. */
export function writeWish(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(": ") || "true";
}
