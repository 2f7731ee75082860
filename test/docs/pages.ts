/** The pages for people: their text, and what a check of them looks for. Pure but for `readPages`. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../", import.meta.url));

export interface Page {
  /** Path from the root of the repository, such as "docs/faq.md". */
  file: string;
  text: string;
}

/** A fenced block of a page. */
export interface Block {
  file: string;
  /** Line of the fence that opens it, counted from 1. */
  line: number;
  /** The word behind that fence, such as "sh"; empty where there is none. */
  language: string;
  /** Lines between the fences, without the indentation of the fence; each ends with a line break. */
  text: string;
  /** Text of the HTML comment that stands directly before the block, a blank line between them or not. */
  comment: string | undefined;
}

/** Every page that is written for people, but for the changelog, which also tells of names that are gone. */
export function readPages(): Page[] {
  return globSync(["*.md", "docs/**/*.md", "manifests/**/*.md", "test/**/*.md"], { cwd: root })
    .filter((file) => file !== "CHANGELOG.md" && !file.includes("node_modules"))
    .toSorted()
    .map((file) => ({ file, text: readFileSync(`${root}${file}`, "utf8") }));
}

const fenced = /^(?<indent> *)```(?<language>\w*)[^\n]*\n(?<text>.*?)^\k<indent>```[^\S\n]*$/gms;

/** The fenced blocks of a page, in their order. */
export function blocksIn({ file, text }: Page): Block[] {
  return [...text.matchAll(fenced)].map(({ index, groups = {} }) => {
    const before = text.slice(0, index);
    const { indent = "", language = "", text: inside = "" } = groups;
    return {
      file,
      line: before.split("\n").length,
      language,
      text: inside.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      comment: /<!--((?:(?!-->).)*)-->\s*$/s.exec(before)?.[1]?.trim(),
    };
  });
}

/** The page with blanks in place of fenced blocks and comments, so that places in it stay the same. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(fenced, blanked).replaceAll(/<!--.*?-->/gs, blanked);
}

/** Code spans of the prose, each with its line. A span may be broken over two lines. */
export function spansIn(page: Page): { line: number; code: string }[] {
  const prose = proseOf(page);
  return [...prose.matchAll(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/gs)].map(({ index, 2: code = "" }) => ({
    line: lineAt(prose, index),
    code: code.replaceAll(/\s+/g, " ").trim(),
  }));
}

/** Number of the line at this place of a text, counted from 1. */
export const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;

const blanked = (part: string) => part.replaceAll(/[^\n]/g, " ");
