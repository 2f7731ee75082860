const part = /([ \t\r\n]+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^ \t\r\n'"\\]+)/sy;

/**
 * The words of a command, split and unquoted as a POSIX shell does it
 * (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02). Nothing is expanded:
 * `$`, `*` and `|` are characters like any other. A quote that is not closed, or a backslash at the end, is
 * an Error that says so.
 */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  for (let at = 0; at < text.length; ) {
    part.lastIndex = at;
    const found = part.exec(text);
    if (found === null) throw new Error(unfinished(text, at));
    const [all, blanks, single, double, escaped, plain] = found;
    at += all.length;
    if (blanks !== undefined) {
      endWord();
    } else if (word === undefined && plain?.startsWith("#")) {
      // A comment, to the end of the line.
      at = text.indexOf("\n", at - all.length);
      if (at === -1) break;
    } else if (escaped !== "\n") {
      word = (word ?? "") + (single ?? double?.replace(/\\(?:([$`"\\])|\n)/g, "$1") ?? escaped ?? plain);
    }
  }
  endWord();
  return words;
}

function unfinished(text: string, at: number): string {
  if (text[at] === "\\") return "nothing follows the backslash at its end";
  return `the quote ${text[at]} at character ${at + 1} is not closed`;
}
