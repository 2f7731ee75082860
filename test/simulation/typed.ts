import assert from "node:assert/strict";
import type { NotifyIo } from "../../daemon/cli/notify.ts";
import { runProgram } from "../../daemon/cli/program.ts";
import type { Screen } from "../../daemon/cli/screen.ts";
import { noTerminal, unpainted } from "../../daemon/cli/terminal.ts";
import type { Api } from "../../daemon/cluster/api.ts";
import type { Environment } from "../../daemon/config/environment.ts";
import { openMessages as openNone } from "../notify/no-messages.ts";
import type { SmallWorld } from "./small-world.ts";

export interface Typed {
  code: number;
  out: string;
  err: string;
}

interface TypedOptions {
  environment?: Environment;
  api?: Api;
  readerGone?: AbortSignal;
  /** Has the files that a command reads. */
  readText?: (file: string) => Promise<string>;
  /** Takes the files that a command writes. */
  writeText?: (file: string, text: string) => Promise<void>;
  /** The width of the terminal; without it there is none. */
  columns?: number | undefined;
  /** Without it there is nobody to send messages to. */
  openMessages?: NotifyIo["openMessages"];
  /** There is a screen, and this is what is drawn on it. */
  onRedraw?: (text: string) => void;
  /** Takes the function by which keys are typed on the screen. */
  onOpen?: (type: (key: string) => void) => void;
}

function screenOf(onRedraw: (text: string) => void, onOpen: TypedOptions["onOpen"]): Screen {
  return {
    size: () => ({ columns: 80, rows: 24 }),
    redraw: (text) => onRedraw(unpainted(text)),
    open: ({ onKey }) => onOpen?.(onKey),
    close: () => onRedraw("closed"),
  };
}

/** What a person types, against the cluster of the story, by default as its administrator. */
export async function type(
  world: Pick<SmallWorld, "api" | "signal"> & { time: Pick<SmallWorld["time"], "clock"> },
  args: readonly string[],
  {
    environment = {},
    api = world.api,
    readerGone,
    columns,
    openMessages = openNone,
    readText,
    writeText,
    onRedraw,
    onOpen,
  }: TypedOptions = {},
): Promise<Typed> {
  let out = "";
  let err = "";
  const io = {
    environment,
    version: "0",
    terminal: { ...noTerminal, columns },
    readerGone,
    screen: onRedraw && screenOf(onRedraw, onOpen),
    ...(readText && { readText }),
    ...(writeText && { writeText }),
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    clock: world.time.clock,
    random: () => 0.5,
    openMessages,
    connect: () => api,
  };
  const code = await runProgram(args, io, () => assert.fail("a daemon was started"), world.signal);
  return { code, out, err };
}
