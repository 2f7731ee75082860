import { isAlias, isScalar, isSeq, type Node } from "yaml";
import * as z from "zod/mini";
import { printable } from "../../text/config-error.ts";
import { nearest } from "../../text/nearest.ts";
import { forms } from "../form.ts";
import type { FileOptions, Place } from "../given.ts";
import { keyOfOption, keys, optionOfKey } from "../keys.ts";
import { type Option, refusalOf } from "../option.ts";
import { type OptionName, options } from "../settings.ts";
import { writtenOne } from "../written.ts";
import { inOrder, type Problem } from "./problem.ts";
import { type Pair, type ReadFile, readYaml } from "./read-yaml.ts";

/** The options of a file, and all that is wrong with each value by itself. */
export interface ParsedFile extends FileOptions {
  problems: readonly Problem[];
  /** Options whose value is invalid, and so is not in `raw`. */
  refused: ReadonlySet<OptionName>;
}

/** Nobody mends more at a time. */
const problemsMax = 100;

/**
 * Parses the text of a configuration file. Keys are the names of options in camel case; a value is as a person
 * writes it: numbers, true and false without quotes, a list for an option that may be repeated. Pure.
 */
export function parseFile(file: string, text: string): ParsedFile {
  const { pairs, problems, placeOf } = readYaml(text);
  const found = [...problems];
  const raw: Partial<Record<OptionName, string | string[]>> = {};
  const places: Partial<Record<OptionName, Place>> = {};
  const refused = new Set<OptionName>();
  for (const pair of pairs) {
    if (found.length >= problemsMax) break;
    const name = optionOfKey(pair.key);
    if (name === undefined) {
      found.push({ ...pair.keyAt, text: unknownKey(pair.key) });
      continue;
    }
    const value = valueIn(name, pair, placeOf);
    if ("problems" in value) {
      found.push(...value.problems);
      refused.add(name);
    } else {
      places[name] = pair.valueAt;
      if (value.given !== undefined) raw[name] = value.given;
    }
  }
  return { file, raw, places, problems: inOrder(found).slice(0, problemsMax), refused };
}

function unknownKey(key: string): string {
  const near = nearest(key, keys);
  const must =
    near === undefined ? "must be a key that 'rebootd config --schema' lists" : `did you mean ${near}?`;
  return `unknown key ${printable(key)}: ${must}`;
}

/** The text is undefined for an empty list, which counts as not given. */
type Value = { given: string | string[] | undefined } | { problems: Problem[] };

function valueIn(name: OptionName, { value, valueAt }: Pair, placeOf: ReadFile["placeOf"]): Value {
  const option: Option<unknown> = options[name];
  if (!isSeq(value) || !option.repeat) {
    const one = textOf(name, value);
    return "refusal" in one ? { problems: [{ ...valueAt, text: one.refusal }] } : { given: one.text };
  }
  const items = (value.items as (Node | null)[]).map((item) => ({ item, ...textOf(name, item) }));
  const problems = items.flatMap((one) =>
    "refusal" in one ? [{ ...(placeOf(one.item) ?? valueAt), text: one.refusal }] : [],
  );
  if (problems.length > 0) return { problems };
  const given = items.flatMap((one) => ("text" in one ? [one.text] : []));
  return { given: given.length === 0 ? undefined : given };
}

/** The value as it would be on the command line. */
function textOf(name: OptionName, node: Node | null): { text: string } | { refusal: string } {
  const option: Option<unknown> = options[name];
  const { rule = "", form } = forms.get(option.type) ?? {};
  const key = keyOfOption(name);
  if (isAlias(node))
    return { refusal: `invalid value for ${key}: ${rule}; a text that begins with * must be in quotes` };
  if (!isScalar(node))
    return { refusal: `invalid value for ${key}: ${rule}, but it is ${isSeq(node) ? "a list" : "a map"}` };
  const { value } = node;
  if (value === null) return { refusal: `${key} has no value: ${rule}; leave the key out for the default` };
  const text =
    typeof value === "boolean" && form?.choices?.includes("on") ? (value ? "on" : "off") : String(value);
  const error = refusalOf(name, option, text);
  if (error !== undefined) return { refusal: error.worded(() => key) };
  if (z.safeParse(writtenOne(option), value).success) return { text };
  const isQuoted = typeof value === "string";
  const shown = option.secret ? "" : ` ${isQuoted ? printable(text) : text}`;
  const how = isQuoted ? ", without quotes" : form?.text || form?.choices ? ", in quotes" : "";
  return { refusal: `invalid value${shown} for ${key}: ${rule}${how}` };
}
