/**
 * Annotations in which a person asks for something: a word such as `true`, the word and a reason (`true: new
 * disk`), or a reason alone. A word for no is the same as no annotation. What is written here is read as it
 * was meant, whatever the reason.
 */

const no = /^(?:false|no|off|0)$/i;
const yes = /^(?:true|yes|on|1)$/i;

const reasonMaxChars = 200;

/** Undefined where nothing is asked for. */
export function requestIn(annotation: string | undefined): string | undefined {
  const text = annotation?.trim() ?? "";
  return text === "" || no.test(text) ? undefined : text;
}

/** Behind its word a reason is taken as it is. */
export function reasonAfter(text: string | undefined): { reason?: string } {
  const reason = reasonOf(text ?? "");
  return reason === "" ? {} : { reason };
}

/**
 * The reason in a value without another word: none in `true`, the rest of `true: why`, else the whole value.
 */
export function reasonAlone(text: string): { reason?: string } {
  if (yes.test(text)) return {};
  const [, after] = /^true\s*:(.*)$/is.exec(text) ?? [];
  return reasonAfter(after ?? text);
}

/** A reason alone stands alone, unless that would be read as something else, which `isRead` says. */
export function writeReason(
  word: string | undefined,
  given: string | undefined,
  isRead: (text: string, reason: string) => boolean,
): string {
  const reason = reasonOf(given ?? "");
  if (reason === "") return word ?? "true";
  return word === undefined && isRead(reason, reason) ? reason : `${word ?? "true"}: ${reason}`;
}

/** The reason, cut to one line, and without half a character. */
export function reasonOf(text: string): string {
  return cut(text.trim(), reasonMaxChars).trim();
}

/** The reason with the name of who gives it, which is not cut off: "new disk (by alice)". */
export function signed(reason: string | undefined, user: string | undefined): string | undefined {
  if (user === undefined) return reason;
  const who = `by ${cut(user, 80)}`;
  const why = cut(reasonOf(reason ?? ""), reasonMaxChars - who.length - 3);
  return why === "" ? who : `${why} (${who})`;
}

function cut(text: string, maxChars: number): string {
  return text.slice(0, maxChars).replace(/[\uD800-\uDBFF]$/, "");
}
