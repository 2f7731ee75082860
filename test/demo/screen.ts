/** Where the demo shows itself. On a terminal lines are drawn over the last ones; elsewhere they only follow each other. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly columns: number;
  /** Replaces what was drawn before; for terminals. */
  draw(lines: readonly string[]): void;
  /** Stays; below what was drawn. */
  print(text: string): void;
}

export interface Output {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

const csi = "\u001b[";

/** `isPlain`: without colours, as NO_COLOR asks for (https://no-color.org). */
export function createScreen(output: Output, isPlain = false): Screen {
  let drawn = 0;
  return {
    isTerminal: output.isTTY === true,
    get columns() {
      return output.columns ?? 100;
    },
    draw: (lines) => {
      const up = drawn === 0 ? "" : `${csi}${drawn}A`;
      const shown = fitting(lines, output.rows ?? Number.POSITIVE_INFINITY).map((line) =>
        isPlain ? line.replaceAll(styles, "") : line,
      );
      // Each line is written before the rest of the old one is cleared, so that nothing flickers.
      output.write(`${up}\r${shown.map((line) => `${line}${csi}K\n`).join("")}${csi}J`);
      drawn = shown.length;
    },
    print: (text) => {
      drawn = 0;
      output.write(`${text}\n`);
    },
  };
}

/** What is above the upper end of a terminal cannot be drawn over. The cursor stands in the last row. */
function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length < rows) return lines;
  const shown = Math.max(0, rows - 2);
  return [...lines.slice(0, shown), `… and ${lines.length - shown} more`];
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Style = keyof typeof codes;

export function styled(text: string, style: Style | undefined): string {
  return style === undefined ? text : `${csi}${codes[style]}m${text}${csi}0m`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const styles = /\u001b\[\d+m/g;
