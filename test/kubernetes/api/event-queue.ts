import type { Timers } from "./timing.ts";

/** The connection went away without a proper end. */
export class ConnectionReset extends Error {
  readonly code = "ECONNRESET";
  constructor() {
    super("connection reset");
  }
}

/** Texts on their way to one reader, in their order, each of which may be late. */
export interface EventQueue {
  /** Those that the reader has not taken, also those that have not arrived. */
  readonly size: number;
  /** A text behind a late one is late as well. */
  push(text: string, lateMs: number): void;
  /** After "closed" the reader gets what is left; after "cut" ConnectionReset, at once. */
  end(how: "closed" | "cut"): void;
  /** Calls `onLeft` when the reader goes. */
  chunks(onLeft: () => void): AsyncIterable<string>;
}

export function createEventQueue(timers: Timers): EventQueue {
  let texts: string[] = [];
  /** When the texts arrive; shorter than them where nothing is late. */
  let due: number[] = [];
  let ended: "open" | "closed" | "cut" = "open";
  let wake = () => {};

  function arrivedCount(): number {
    if (due.length === 0) return texts.length;
    const now = timers.now();
    const first = due.findIndex((moment) => moment > now);
    return first < 0 ? texts.length : first;
  }

  /** Returns when the first of the late texts is there, or the connection has broken. */
  function nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      const handle = timers.setTimeout(resolve, (due[0] ?? 0) - timers.now());
      wake = () => {
        if (ended !== "cut") return;
        timers.clearTimeout(handle);
        resolve();
      };
    });
  }

  return {
    get size() {
      return texts.length;
    },
    push(text, lateMs) {
      texts.push(text);
      if (lateMs > 0 || due.length > 0) {
        while (due.length < texts.length - 1) due.push(0);
        due.push(Math.max(due.at(-1) ?? 0, timers.now() + lateMs));
      }
      wake();
    },
    end(how) {
      ended = how;
      wake();
    },
    async *chunks(onLeft) {
      try {
        for (;;) {
          const arrived = ended === "cut" ? 0 : arrivedCount();
          if (arrived > 0) {
            due.splice(0, arrived);
            yield texts.splice(0, arrived).join("");
          } else if (texts.length > 0 && ended !== "cut") {
            await nextArrival();
          } else if (ended === "open") {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          } else if (ended === "cut") {
            throw new ConnectionReset();
          } else {
            return;
          }
        }
      } finally {
        texts = [];
        due = [];
        onLeft();
      }
    },
  };
}
