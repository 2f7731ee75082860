import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { everyRow } from "./rows.ts";

const root = new URL("../", import.meta.url);

/** Retired words and phrases, each with the standard terms in its place. A blank also matches a line break in a comment. */
const words: readonly [pattern: string, instead: string][] = [
  [
    "(?:give|gives|given|giving|gave)(?: it| them| the node| the slot| its node| its slot)? back",
    "restore, uncordon, release",
  ],
  ["(?:hand|hands|handed|pass|passes|passed) (?:the|its|a) slot on", "release the slot"],
  ["allowed (?:is|are)", "must be"],
  ["deeds?", "action, edit"],
  ["wish(?:es|ed)?", "request, value"],
  ["yardstick", "name the value"],
  ["soon over", "transient"],
  ["heed(?:s|ed|ing)?", "accept, observe"],
  ["told", "notify, report"],
  ["faint|weary|fade[sd]?", "stale"],
  ["who(?:m|so)?ever", "anybody who, any client that"],
  ["at ease|needy", "name the state"],
  ["(?:hold|holds|held|holding)(?: it| them| the [a-z]+)? up", "block, delay"],
  ["asked to go", "evict"],
  ["does not go yet", "eviction refused"],
  ["read anew", "re-read"],
  ["speaks against", "block"],
  ["broke(?:n)? off", "fail, abort"],
];

/** Retired names of types, functions and fields. */
const names: readonly string[] = [
  "Seen",
  "Moment",
  "Surroundings",
  "surroundings",
  "Carried",
  "LockCarrier",
  "createLockCarrier",
  "carrier",
  "leavesRemains",
  "remains",
  "Deed",
  "DeedRefused",
  "isSaid",
  "saying",
  "sayings",
  "sayAgainMs",
  "isBrief",
  "atEase",
  "atRest",
  "essenceOf",
  "obstacle",
  "informOfObject",
  "tell",
];

/** A comment begins with its subject or an imperative verb. */
const openings = new Set([
  "What",
  "Whatever",
  "Who",
  "Whoever",
  "Whom",
  "Whose",
  "Where",
  "Those",
  "Of",
  "So",
  "As",
]);

/** Retired words as "file:line: word (instead)". Quotations and code in documentation come from elsewhere. */
function faultsIn(file: string, content: string): string[] {
  const text = file.endsWith(".md") ? blanked(content, /`[^`\n]*`|"[^"\n]*"/g) : content;
  const faults: [at: number, word: string, instead: string][] = [];
  for (const [pattern, instead] of words) {
    const blank = String.raw`\s+(?:(?:\*|//|#)\s+)?`;
    const found = text.matchAll(new RegExp(String.raw`\b(?:${pattern.replaceAll(" ", blank)})\b`, "gi"));
    for (const { index, 0: word } of found) faults.push([index, word, instead]);
  }
  if (!file.endsWith(".md")) {
    for (const [at, word] of firstWordsIn(text, file.endsWith(".ts")))
      if (openings.has(word)) faults.push([at, word, "begin the comment with its subject"]);
  }
  if (file.endsWith(".ts")) {
    const found = codeOf(text).matchAll(
      new RegExp(String.raw`(?<![\w$])(?:${names.join("|")})(?![\w$])`, "g"),
    );
    for (const { index, 0: name } of found) faults.push([index, name, "see the glossary"]);
  }
  return faults.map(([at, word, instead]) => {
    const line = text.slice(0, at).split("\n").length;
    return `${file}:${line}: ${word.replaceAll(/\s+/g, " ")} (${instead})`;
  });
}

/** The first word of each comment, or of each block of line comments, with its place. */
function firstWordsIn(text: string, isTypeScript: boolean): [at: number, word: string][] {
  const patterns = isTypeScript
    ? [/\/\*\*?\s*(?:\*\s*)?([A-Za-z]+)/g, /(?<!^[^\S\n]*\/\/[^\n]*\n[^\S\n]*)(?<=^|\s)\/\/ ([A-Za-z]+)/gm]
    : [/(?<!^[^\S\n]*#[^\n]*\n[^\S\n]*)(?<=^|\s)#+ ([A-Za-z]+)/gm];
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ index, 1: word = "" }): [number, string] => [index, word]),
  );
}

/** The text with blanks in place of comments and strings. */
function codeOf(text: string): string {
  return blanked(text, /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*$|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/gm);
}

function blanked(text: string, pattern: RegExp): string {
  return text.replaceAll(pattern, (part) => part.replaceAll(/[^\n]/g, " "));
}

describe("Retired words", () => {
  it("are in no code, manifest and documentation", () => {
    const files = globSync(["daemon/**/*.ts", "manifests/**/*", "docs/**/*.md", "*.md"], {
      cwd: root,
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(root.pathname.length));
    assert.ok(files.length > 20, files.join("\n"));
    assert.deepEqual(
      files.flatMap((file) => faultsIn(file, readFileSync(new URL(file, root), "utf8"))),
      [],
    );
  });

  it("are found in prose, comments and code", () =>
    everyRow(
      [
        ["prose", "a.md", "The node is given\nback.", ["a.md:1: given back (restore, uncordon, release)"]],
        ["a quotation", "a.md", 'A test `told`: "is given back".', []],
        ["a comment", "a.ts", "// Nobody is\n// told.", ["a.ts:2: told (notify, report)"]],
        ["an opening", "a.ts", "/** What it is. */", ["a.ts:1: What (begin the comment with its subject)"]],
        ["a second line", "a.ts", "// It is\n// What it was.", []],
        [
          "a manifest",
          "a.yaml",
          "- get # Of the node",
          ["a.yaml:1: Of (begin the comment with its subject)"],
        ],
        ["a name", "a.ts", "const now: Moment = x;", ["a.ts:1: Moment (see the glossary)"]],
        ["a string", "a.ts", 'const now = "Moment";', []],
      ] as [string, string, string, string[]][],
      (file, text, faults) => assert.deepEqual(faultsIn(file, text), faults),
    ));
});
