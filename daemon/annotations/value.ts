/**
 * Values of annotations with which people request something: a word such as `true`, the word and a reason
 * (`true: new disk`), or a reason alone. A word for no is the same as no annotation. A written value is read
 * back with the same meaning, whatever the reason.
 */

import { cut } from "../text/cut.ts";

const no = /^(?:false|no|off|0)$/i;
const yes = /^(?:true|yes|on|1)$/i;

const reasonMaxChars = 200;

/** The trimmed text; undefined if it requests nothing. */
export function requestIn(annotation: string | undefined): string | undefined {
  const text = annotation?.trim() ?? "";
  return text === "" || no.test(text) ? undefined : text;
}

/** The reason after a word. */
export function reasonAfter(text: string | undefined): { reason?: string } {
  const reason = reasonOf(text ?? "");
  return reason === "" ? {} : { reason };
}

/**
 * The reason in a text without another word: none in `true`, `why` in `true: why`, and any other text itself.
 */
export function reasonAlone(text: string): { reason?: string } {
  if (yes.test(text)) return {};
  const [, after] = /^true\s*:(.*)$/is.exec(text) ?? [];
  return reasonAfter(after ?? text);
}

/** Writes a reason without a word if `isRead` confirms that it is read back as this reason. */
export function writeReason(
  word: string | undefined,
  given: string | undefined,
  isRead: (text: string, reason: string) => boolean,
): string {
  const reason = reasonOf(given ?? "");
  if (reason === "") return word ?? "true";
  return word === undefined && isRead(reason, reason) ? reason : `${word ?? "true"}: ${reason}`;
}

/** The reason, cut to the length that is kept. */
export function reasonOf(text: string): string {
  return cut(text.trim(), reasonMaxChars).trim();
}

/** The reason with the name of its author, which always fits: "new disk (by alice)". */
export function signed(reason: string | undefined, user: string | undefined): string | undefined {
  if (user === undefined) return reason;
  const who = `by ${cut(user, 80)}`;
  const why = cut(reasonOf(reason ?? ""), reasonMaxChars - who.length - 3);
  return why === "" ? who : `${why} (${who})`;
}
