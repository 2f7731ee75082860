import { styleText } from "node:util";
import type { Environment } from "../config/environment.ts";
import { plainLines } from "../text/one-line.ts";

/** The place where a person reads the output. */
export interface Terminal {
  /** Its width in cells; undefined: no terminal, nothing is cut. */
  readonly columns: number | undefined;
  readonly hasColour: boolean;
  /** A terminal on which the cursor can be moved. */
  readonly isInteractive: boolean;
}

/** A pipe or a file. */
export const noTerminal: Terminal = { columns: undefined, hasColour: false, isInteractive: false };

const styles = {
  heading: ["bold"],
  good: ["green"],
  busy: ["cyan"],
  waiting: ["yellow"],
  trouble: ["red"],
  dim: ["dim"],
} as const;

export type Style = keyof typeof styles;

/**
 * A text with a style of ours. Only {@link paint} makes one, so no text of others can be one. As a string it
 * is the text without the style.
 */
class Painted {
  readonly #style: Style;
  readonly text: string;

  constructor(style: Style, text: string) {
    this.#style = style;
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  get codes() {
    return [...styles[this.#style]];
  }
}

/** Output for a person: parts one after the other. Strings never change the look of the terminal. */
export type Text = string | Painted | readonly Text[];

/** Gives a text a style, line by line. Without colours it is the text. */
export function paint(style: Style, text: string): Text {
  return text === "" ? "" : new Painted(style, text);
}

/** The text without styles. */
export function unpainted(text: Text): string {
  if (typeof text === "string") return text;
  return text instanceof Painted ? text.text : text.map(unpainted).join("");
}

/** Joins parts with a separator; their styles stay. */
export function joined(parts: readonly Text[], separator: string): Text {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part]));
}

/**
 * The characters to write: everything that is not a style of ours is escaped, so that no name, message or
 * event moves the cursor or has a colour.
 */
export function rendered(text: Text, { hasColour }: Pick<Terminal, "hasColour">): string {
  if (typeof text === "string") return plainLines(text);
  if (!(text instanceof Painted)) return text.map((part) => rendered(part, { hasColour })).join("");
  const plain = plainLines(text.text);
  if (!hasColour) return plain;
  const line = (one: string) => (one === "" ? "" : styleText(text.codes, one, { validateStream: false }));
  return plain.split("\n").map(line).join("\n");
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * The terminal behind a stream. Colours are for terminals; FORCE_COLOR (https://force-color.org) decides
 * first, then NO_COLOR (https://no-color.org), then TERM=dumb. The width follows that of the window.
 */
export function terminalOf(stream: Stream, environment: Environment): Terminal {
  const isTerminal = stream.isTTY === true;
  const isInteractive = isTerminal && environment["TERM"] !== "dumb";
  const { FORCE_COLOR: forced, NO_COLOR: refused } = environment;
  const hasColour = forced ? forced !== "0" && forced !== "false" : isInteractive && !refused;
  return {
    hasColour,
    isInteractive,
    get columns() {
      return isTerminal && stream.columns ? stream.columns : undefined;
    },
  };
}
