/**
 * Server-sent events to the pages that are open (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * A reader that is slow gets the newest state when it reads again, and nothing between, so that what is kept for
 * it is at most one message.
 */
import type { Writable } from "node:stream";
import type { Clock } from "../time/clock.ts";
import { iso } from "../time/iso.ts";
import { changeText, fleetText, type Snapshot } from "./snapshot.ts";
import type { StreamMessages, TroubleMessage } from "./wire.ts";

/** Pages of one person; a browser opens at most six connections of one server at a time. */
export const streamsMax = 20;
/** Proxies and sleeping laptops end what is silent for longer. */
const heartbeatMs = 15_000;
/** A reader that has taken nothing for so long is gone, or stopped. */
const blockedMaxMs = 60_000;
const retryMs = 2000;

interface Stream {
  response: Writable;
  /** The state that the reader has, once it has read what was written. */
  sent: Snapshot | undefined;
  sentTrouble: string | undefined;
  /** By `clock.elapsed()`; undefined if it reads. */
  blockedAt: number | undefined;
}

export interface Streams {
  /** Sends the fleet to each reader: as a whole at first, then the changes. */
  publish: (snapshot: Snapshot) => void;
  /** Undefined: it is over. */
  publishTrouble: (message: string | undefined) => void;
  isFull: () => boolean;
  /** Adds a reader, until it closes. */
  add: (response: Writable) => void;
  /** Sends signs of life, and drops readers that take nothing, until the signal ends it; then ends all streams. */
  run: (signal: AbortSignal) => Promise<void>;
}

export function createStreams(clock: Clock): Streams {
  const open = new Set<Stream>();
  let newest: Snapshot | undefined;
  let trouble: string | undefined;
  let id = 0;
  /** The events of the newest state, by the state that their reader has. */
  let texts = new Map<Snapshot | undefined, string>();

  function event<N extends keyof StreamMessages>(name: N, data: string): string {
    id += 1;
    return `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;
  }

  function stateFor(sent: Snapshot | undefined): string {
    if (newest === undefined || sent === newest) return "";
    const known = texts.get(sent);
    if (known !== undefined) return known;
    const change = sent === undefined ? undefined : changeText(sent, newest);
    const made =
      sent === undefined ? event("fleet", fleetText(newest)) : change ? event("change", change) : "";
    texts.set(sent, made);
    return made;
  }

  function troubleFor(sent: string | undefined): string {
    if (sent === trouble) return "";
    const message = { at: iso(clock.wall()), ...(trouble !== undefined && { message: trouble }) };
    return event("trouble", JSON.stringify(message satisfies TroubleMessage));
  }

  function flush(stream: Stream): void {
    if (stream.blockedAt !== undefined) return;
    const text = stateFor(stream.sent) + troubleFor(stream.sentTrouble);
    stream.sent = newest;
    stream.sentTrouble = trouble;
    if (text !== "") write(stream, text);
  }

  function write(stream: Stream, text: string): void {
    if (!stream.response.write(text)) stream.blockedAt = clock.elapsed();
  }

  function beat(): void {
    for (const stream of open) {
      if (stream.blockedAt === undefined) write(stream, ": alive\n\n");
      else if (clock.elapsed() - stream.blockedAt > blockedMaxMs) stream.response.destroy();
    }
  }

  return {
    publish(snapshot) {
      newest = snapshot;
      texts = new Map();
      for (const stream of open) flush(stream);
    },
    publishTrouble(message) {
      trouble = message;
      for (const stream of open) flush(stream);
    },
    isFull: () => open.size >= streamsMax,
    add(response) {
      const stream: Stream = { response, sent: undefined, sentTrouble: undefined, blockedAt: undefined };
      open.add(stream);
      response.on("drain", () => {
        stream.blockedAt = undefined;
        flush(stream);
      });
      // The reader may go away at any time.
      response.on("error", () => {});
      response.once("close", () => open.delete(stream));
      write(stream, `retry: ${retryMs}\n\n`);
      flush(stream);
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(heartbeatMs, signal).catch(() => {});
        if (!signal.aborted) beat();
      }
      for (const { response } of open) response.end();
    },
  };
}
