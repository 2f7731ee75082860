import type { Clock } from "../time/clock.ts";
import { type Destination, parseDestinations } from "./destination.ts";

export interface SourceOptions {
  /** URLs that do not change; valid. */
  urls: readonly string[];
  /** Resolves with more URLs; undefined where there are never any. */
  readMore: (() => Promise<readonly string[]>) | undefined;
  clock: Clock;
}

/** The destinations of now. `warn` is called once with each reason for which later URLs are refused. */
export type Destinations = (warn: (message: string) => void) => readonly Destination[];

/** More are read no sooner. */
const rereadMs = 10_000;

/**
 * Reads all URLs, and resolves with a function that answers the destinations. URLs that change count from the second
 * call after the change; if they are refused the destinations stay as they were. Rejects where the first ones cannot
 * be read or are refused.
 */
export async function openDestinations({ urls, readMore, clock }: SourceOptions): Promise<Destinations> {
  const read = async () => [...urls, ...((await readMore?.()) ?? [])];
  let known = await read();
  let destinations = parseDestinations(known);
  let readAt = clock.elapsed();
  let faulty: string | undefined;

  async function reread(warn: (message: string) => void): Promise<void> {
    try {
      const now = await read();
      if (now.join("\n") !== known.join("\n")) destinations = parseDestinations(now);
      known = now;
      faulty = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== faulty) warn(`the destinations of messages stay as they were: ${message}`);
      faulty = message;
    }
  }

  return (warn) => {
    if (readMore !== undefined && clock.elapsed() - readAt >= rereadMs) {
      readAt = clock.elapsed();
      void reread(warn);
    }
    return destinations;
  };
}

/** The URLs in a text; lines that are empty or begin with # do not count. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}
