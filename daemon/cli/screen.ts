import type { Environment } from "../config/environment.ts";
import { rendered, type Terminal, type Text, terminalOf } from "./terminal.ts";

export interface ScreenSize {
  columns: number;
  rows: number;
}

/** A terminal of which the whole window is drawn anew. */
export interface Screen {
  /** Draws from the top of the window; lines that do not fit below are left out, with their number. */
  redraw(text: Text): void;
  /**
   * Takes the window for a program with keys: without the cursor, and without a trace of it afterwards. Keys
   * are as the terminal sends them. `close` gives the window back; it may be called again.
   */
  open(listener: ScreenListener): void;
  close(): void;
  size(): ScreenSize;
}

export interface ScreenListener {
  onKey: (key: string) => void;
  onResize: () => void;
}

export interface Input {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  setEncoding(encoding: "utf8"): unknown;
  on(event: "data", listener: (key: string) => void): unknown;
  off(event: "data", listener: (key: string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

/** https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const csi = "\u001b[";
const home = `${csi}H`;
const clearLine = `${csi}K`;
const clearBelow = `${csi}J`;
const enter = `${csi}?1049h${csi}?25l`;
const leave = `${csi}?25h${csi}?1049l`;

/** Undefined where the output is no terminal on which a cursor can be moved. */
export function createScreen(input: Input, output: Output, environment: Environment): Screen | undefined {
  const terminal = terminalOf(output, environment);
  if (!terminal.isInteractive) return undefined;
  const size = () => ({ columns: output.columns || 80, rows: output.rows || 24 });
  let listening: ScreenListener | undefined;
  const onKey = (key: string) => listening?.onKey(key);
  const onResize = () => listening?.onResize();

  return {
    size,
    redraw: (text) => void output.write(frame(text, size(), terminal)),
    open(listener) {
      if (listening !== undefined) return;
      listening = listener;
      output.write(enter);
      output.on("resize", onResize);
      if (input.isTTY !== true) return;
      input.setRawMode?.(true);
      input.setEncoding("utf8");
      input.on("data", onKey);
      input.resume();
    },
    close() {
      if (listening === undefined) return;
      listening = undefined;
      output.off("resize", onResize);
      if (input.isTTY === true) {
        input.off("data", onKey);
        input.setRawMode?.(false);
        input.pause();
      }
      output.write(leave);
    },
  };
}

/** Pure: the characters that draw the text over what is there, without flicker. */
export function frame(text: Text, { rows }: ScreenSize, terminal: Pick<Terminal, "hasColour">): string {
  const lines = rendered(text, terminal).replace(/\n$/, "").split("\n");
  const isCut = lines.length > rows;
  const shown = isCut ? [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more lines`] : lines;
  return `${home}${shown.join(`${clearLine}\r\n`)}${clearLine}${clearBelow}`;
}
