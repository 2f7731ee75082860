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
  write(text: string): unknown;
}

const csi = "\u001b[";

export function createScreen(output: Output): Screen {
  let drawn = 0;
  return {
    isTerminal: output.isTTY === true,
    get columns() {
      return output.columns ?? 100;
    },
    draw: (lines) => {
      const up = drawn === 0 ? "" : `${csi}${drawn}A`;
      // Each line is written before the rest of the old one is cleared, so that nothing flickers.
      output.write(`${up}\r${lines.map((line) => `${line}${csi}K\n`).join("")}${csi}J`);
      drawn = lines.length;
    },
    print: (text) => {
      drawn = 0;
      output.write(`${text}\n`);
    },
  };
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Style = keyof typeof codes;

export function styled(text: string, style: Style | undefined): string {
  return style === undefined ? text : `${csi}${codes[style]}m${text}${csi}0m`;
}
