/** Where the demo shows itself. On a terminal it draws over the last picture; elsewhere lines only follow each other. */
export interface Screen {
  readonly isTerminal: boolean;
  /** As wide as it is now. */
  readonly columns: number;
  /** Shows these lines instead of all that was drawn before; for terminals. */
  draw(lines: readonly string[]): void;
  /** Stays. What was drawn last stays above it. */
  print(text: string): void;
  /** Leaves the terminal as it was found, with what was drawn last. May be called again. */
  close(): void;
}

export interface Output {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

const csi = "\u001b[";
/** The picture has a screen of its own, which a change of the size cannot tear; without a cursor. */
const enter = `${csi}?1049h${csi}?25l`;
const leave = `${csi}?25h${csi}?1049l`;

/** `NO_COLOR` takes the colours away (https://no-color.org); what is no terminal, or a dumb one, gets lines without them. */
export function createScreen(
  output: Output,
  environment: Readonly<Record<string, string | undefined>> = {},
): Screen {
  const isTerminal = output.isTTY === true && environment["TERM"] !== "dumb";
  const isPlain = !isTerminal || Boolean(environment["NO_COLOR"]);
  const paint = (line: string) => (isPlain ? line.replaceAll(styles, "") : line);
  let drawn: readonly string[] | undefined;

  function close(): void {
    if (drawn === undefined) return;
    output.write(`${leave}${drawn.map((line) => `${paint(line)}\n`).join("")}`);
    drawn = undefined;
  }

  return {
    isTerminal,
    get columns() {
      return output.columns ?? 100;
    },
    draw: (lines) => {
      const begin = drawn === undefined ? enter : "";
      drawn = lines;
      const shown = fitting(lines, output.rows ?? Number.POSITIVE_INFINITY).map(paint);
      // Each line is written before the rest of the old one is cleared, so that nothing flickers.
      output.write(`${begin}${csi}H${shown.map((line) => `${line}${csi}K`).join("\r\n")}${csi}J`);
    },
    print: (text) => {
      close();
      output.write(`${paint(text)}\n`);
    },
    close,
  };
}

/** No more than the terminal is high. */
function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const shown = Math.max(0, rows - 1);
  return [...lines.slice(0, shown), `… and ${lines.length - shown} more`];
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Style = keyof typeof codes;

export function styled(text: string, style: Style | undefined): string {
  return style === undefined ? text : `${csi}${codes[style]}m${text}${csi}0m`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
const styles = /\u001b\[\d+m/g;

/** The characters that a line shows. */
export function shownLength(line: string): number {
  return line.replaceAll(styles, "").length;
}

/** A line without styles, cut to so many characters. */
export function clipped(text: string, width: number): string {
  return text.trimEnd().length <= width ? text.slice(0, width) : `${text.slice(0, Math.max(0, width - 1))}…`;
}
