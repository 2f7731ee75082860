/**
 * The kinds of kured's flags, parsed as Go and pflag do. Pure.
 * https://pkg.go.dev/github.com/spf13/pflag and https://pkg.go.dev/strconv
 */
import { parseDurationMs } from "../time/duration.ts";

/** A value, or undefined where kured refuses the text. */
type Parse<T> = (text: string) => T | undefined;

interface Kind<T> {
  parse: Parse<T>;
  /** The end of an error, such as "must be true or false". */
  rule: string;
}

/** Takes the spellings of strconv.ParseBool. */
function bool(text: string): boolean | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : undefined;
}

/** A whole number with Go's prefixes: 0x27 and 047 are 39. Larger ones than a double holds are refused. */
function int(text: string): number | undefined {
  const [, sign, digits = ""] = /^([-+]?)(\w+)$/.exec(text) ?? [];
  // Go allows an underscore between digits, and after a prefix.
  const plain = /^_|__|_$/.test(digits) ? "" : digits.replaceAll("_", "");
  const isOctal = /^0[0-7]+$/.test(plain);
  if (!isOctal && !/^(0|[1-9]\d*|0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(plain)) return undefined;
  const number = Number(isOctal ? `0o${plain}` : plain);
  if (!Number.isSafeInteger(number)) return undefined;
  return sign === "-" ? 0 - number : number;
}

/** Milliseconds; negative for a text with a minus. */
function duration(text: string): number | undefined {
  const [, sign, rest = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  const ms = parseDurationMs(rest);
  return ms !== undefined && sign === "-" ? 0 - ms : ms;
}

/** The fields of one line of comma-separated values; quotes keep a comma. An empty text has no field. */
function stringSlice(text: string): readonly string[] | undefined {
  if (text === "") return [];
  const [line = ""] = text.split("\n");
  const fields: string[] = [];
  for (let rest = line; ; ) {
    const [all, quoted, plain = ""] = /^(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)/.exec(rest) ?? [];
    if (all === undefined) return undefined;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (all.length === rest.length) return fields;
    rest = rest.slice(all.length + 1);
  }
}

/** The kinds of flags. A list takes one text for each occurrence of its flag. */
export const flagKinds = {
  string: { parse: (text) => text, rule: "must be a text" } satisfies Kind<string>,
  bool: { parse: bool, rule: "must be true or false" } satisfies Kind<boolean>,
  int: { parse: int, rule: "must be a whole number, for example 39" } satisfies Kind<number>,
  duration: {
    parse: duration,
    rule: "must be a duration with a unit, for example 90s, 15m or 1h30m",
  } satisfies Kind<number>,
  stringSlice: {
    parse: stringSlice,
    rule: "must be a list with commas between, and quotes only around a whole item, for example mon,tue",
  } satisfies Kind<readonly string[]>,
  stringArray: { parse: (text) => [text], rule: "must be a text" } satisfies Kind<readonly string[]>,
};

/** Name of a type of pflag; a regexp of kured is a string here, and compiled by the option that it becomes. */
export type FlagKind = keyof typeof flagKinds;

/** The parsed value of a flag of this kind. A duration is in milliseconds. */
export type FlagValue<K extends FlagKind> = Exclude<ReturnType<(typeof flagKinds)[K]["parse"]>, undefined>;

/** Whether several occurrences add up; of all other flags the last one counts. */
export function isList(kind: FlagKind): boolean {
  return kind === "stringSlice" || kind === "stringArray";
}
