import { type Document, isMap, isScalar, type Node, parseAllDocuments } from "yaml";
import { printable } from "../../text/config-error.ts";
import type { Place } from "../given.ts";
import type { Problem } from "./problem.ts";

/** A key of the file and its value, each with its place. */
export interface Pair {
  key: string;
  keyAt: Place;
  value: Node | null;
  valueAt: Place;
}

/** All options with long lists are a tenth of that. The parser takes a second for as much as this without any sense. */
export const fileMaxChars = 64 * 1024;

/** The text of errors of the parser, which may itself repeat a secret of the file. */
const faults: Readonly<Record<string, string>> = {
  BAD_ALIAS: "aliases are not supported: write the value itself; a text that begins with * must be in quotes",
  BAD_DIRECTIVE: "directives are not supported: remove the line that begins with %",
  BAD_DQ_ESCAPE: "invalid escape in double quotes: write \\\\ for a backslash, or use single quotes",
  BAD_INDENT: "wrong indentation: all keys must begin in the first column, and brackets must be closed",
  BAD_SCALAR_START: "a text that begins with @, ` or % must be in quotes",
  BLOCK_AS_IMPLICIT_KEY:
    'a text with ": " in it must be in quotes, and each key must be on a line of its own',
  MISSING_CHAR: 'a quote, a bracket, or a ":" after a key is missing',
  MULTILINE_IMPLICIT_KEY: 'must be "key: value" on one line',
  TAB_AS_INDENT: "tabs must not indent: use blanks",
  TAG_RESOLVE_FAILED: "tags are not supported: remove the word that begins with !",
  UNEXPECTED_TOKEN: "a text with characters of YAML's syntax in it must be in quotes",
  RESOURCE_EXHAUSTION: "brackets are nested too deeply: must be a list of texts",
};

export interface ReadFile {
  pairs: readonly Pair[];
  /** All that is wrong with the file as YAML. */
  problems: readonly Problem[];
  /** The place of a part of the file; undefined for one that has none. */
  placeOf: (part: Node | null) => Place | undefined;
}

/** The keys and values of a configuration file. */
export function readYaml(given: string): ReadFile {
  const start = { line: 1, column: 1 };
  const text = given.replace(/^\uFEFF/, "");
  if (text.length > fileMaxChars)
    return wrong(start, `the file is too large: must be at most ${fileMaxChars / 1024} KiB`);
  const at = (offset: number): Place => {
    const before = text.slice(0, offset).split("\n");
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  };
  const placeOf = (part: Node | null) => (part?.range ? at(part.range[0]) : undefined);
  const bad = text.search(notText);
  if (bad !== -1)
    return wrong(at(bad), "the file has a character that is none of a text: must be YAML in UTF-8");
  const deep = text.search(deepBrackets);
  if (deep !== -1) return wrong(at(deep), "brackets are nested too deeply: must be a list of texts");
  const documents = parseAllDocuments(text, { prettyErrors: false, uniqueKeys: false });
  if (!Array.isArray(documents)) return wrong(start, empty);
  const faulty = documents.flatMap(({ errors, warnings }: Document.Parsed) => [...errors, ...warnings]);
  if (faulty.length > 0) return { ...nothing, problems: eachLineOnce(faulty, at) };
  const [first, second] = documents as Document.Parsed[];
  if (second !== undefined)
    return wrong(at(second.range[0]), "the file has several documents: must be one, without ---");
  const top = first?.contents;
  if (top === undefined || top === null || (isScalar(top) && top.value === null)) return wrong(start, empty);
  const topAt = placeOf(top as Node) ?? start;
  if (!isMap(top)) return wrong(topAt, 'must be "key: value" on each line, for example rebootDays: mo,tu');
  return { ...pairsOf(top.items as unknown as readonly YamlPair[], topAt, placeOf), placeOf };
}

const nothing = { pairs: [], placeOf: () => undefined };

/** An empty file is rather a mistake than a daemon that is to have no options. */
const empty =
  "the file has no keys: must have one at least, or be {}; without --config all options are default";

/** Characters that a decoder puts in place of others, and controls that no text has. */
const notText = /\uFFFD|[^\P{Cc}\t\n\r]/u;

/** Nothing here has a list in a list; the parser's own limit is the stack. */
const deepBrackets = /[[{](?:\s*[[{]){20}/;

interface YamlPair {
  key: Node | null;
  value: Node | null;
}

function pairsOf(items: readonly YamlPair[], topAt: Place, placeOf: ReadFile["placeOf"]) {
  const problems: Problem[] = [];
  const pairs: Pair[] = [];
  const lineOf = new Map<string, number>();
  for (const { key, value } of items) {
    const keyAt = placeOf(key) ?? topAt;
    const name = isScalar(key) ? String(key.value) : undefined;
    const before = name === undefined ? undefined : lineOf.get(name);
    if (name === undefined) problems.push({ ...keyAt, text: "a key must be a word, for example rebootDays" });
    else if (before !== undefined)
      problems.push({
        ...keyAt,
        text: `the key ${printable(name)} is there twice, first on line ${before}: must be once`,
      });
    else {
      lineOf.set(name, keyAt.line);
      pairs.push({ key: name, keyAt, value, valueAt: placeOf(value) ?? keyAt });
    }
  }
  return { pairs, problems };
}

function wrong(place: Place, text: string): ReadFile {
  return { ...nothing, problems: [{ ...place, text }] };
}

/** One mistake may break what follows on its line. */
function eachLineOnce(
  errors: readonly { code: string; pos: [number, number] }[],
  at: (offset: number) => Place,
): Problem[] {
  const byLine = new Map<number, Problem>();
  for (const { code, pos } of errors) {
    const place = at(pos[0]);
    const text = faults[code] ?? "invalid YAML";
    if (!byLine.has(place.line)) byLine.set(place.line, { ...place, text });
  }
  return [...byLine.values()];
}
