import type { Readable } from "node:stream";

export interface Exchange {
  method: string;
  /** With the query. */
  path: string;
  /** Names are in lower case. Several values are sent as several headers. */
  headers: Record<string, string | string[]>;
  body?: string | undefined;
  /** Aborts the exchange, also while the body of the answer is being read. */
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  /** The first value; the name is in lower case. */
  header: (name: string) => string | undefined;
  body: Readable;
}

/** The server has not begun with this request, so that it may be sent once more. */
export class NotBegun extends Error {
  override readonly name = "NotBegun";
}
