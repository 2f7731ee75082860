import { RE2JS } from "re2js";
import { shortLine } from "./one-line.ts";

/** A regular expression whose time grows with the text and with nothing else. */
export interface Pattern {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
}

/**
 * The expression as Go reads it (https://github.com/google/re2/wiki/Syntax), and so kured, Prometheus and Alertmanager. One that
 * Go refuses is an Error with Go's words.
 */
export function compileRe2(expression: string): Pattern {
  try {
    return RE2JS.compile(expression);
  } catch (cause) {
    const why = (cause as Error).message.replace(/^error parsing regexp: /, "");
    throw new Error(shortLine(why), { cause });
  }
}
