import { RE2JS } from "re2js";
import { shortLine } from "./one-line.ts";

/** A regular expression that takes time in proportion to the length of the text. */
export interface Pattern {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
}

/**
 * Compiles an expression in the syntax of Go (https://github.com/google/re2/wiki/Syntax), which kured,
 * Prometheus and Alertmanager use. Throws an Error with Go's message for an invalid expression.
 */
export function compileRe2(expression: string): Pattern {
  try {
    return RE2JS.compile(expression);
  } catch (cause) {
    const why = (cause as Error).message.replace(/^error parsing regexp: /, "");
    throw new Error(shortLine(why), { cause });
  }
}
