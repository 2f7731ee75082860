/** The width of texts on a terminal, in cells. Pure. */

const plain = /^[\x20-\x7e]*$/;

/**
 * Characters of two cells: East Asian Wide and Fullwidth (https://www.unicode.org/reports/tr11/), and what is
 * shown as a picture by itself, or by the selector U+FE0F.
 */
const isWide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}\p{Regional_Indicator}]|\ufe0f/u;

/** Marks that are drawn over the character before them. */
const isMark = /^[\p{M}\p{Cf}]+$/u;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The number of cells that a terminal needs for the text, which is one line. */
export function cells(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += cellsOfOne(segment);
  return width;
}

function cellsOfOne(segment: string): number {
  if (isWide.test(segment)) return 2;
  return isMark.test(segment) ? 0 : 1;
}

/** Fills a text with blanks up to a width in cells. */
export function padCells(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - cells(text)));
}

/** The first cells of a text: `[head, rest]`; the head has at least one character. */
export function splitCells(text: string, width: number): [head: string, rest: string] {
  if (plain.test(text)) return [text.slice(0, Math.max(1, width)), text.slice(Math.max(1, width))];
  let head = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += cellsOfOne(segment);
    if (used > width && head !== "") break;
    head += segment;
  }
  return [head, text.slice(head.length)];
}

/** The text in at most `width` cells; a longer one ends in "…". */
export function cutCells(text: string, width: number): string {
  if (cells(text) <= width) return text;
  return width <= 1 ? "…" : `${splitCells(text, width - 1)[0].trimEnd()}…`;
}

/** Breaks a text at blanks into lines of at most `width` cells; longer words are broken too. */
export function wrapCells(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const word of text.split(" ")) {
    const size = cells(word);
    if (line !== "" && used + 1 + size <= width) {
      line += ` ${word}`;
      used += 1 + size;
      continue;
    }
    if (line !== "") lines.push(line);
    let rest = word;
    for (; cells(rest) > width; ) {
      const [head, more] = splitCells(rest, width);
      if (more === "") break;
      lines.push(head);
      rest = more;
    }
    line = rest;
    used = cells(rest);
  }
  return [...lines, line];
}
