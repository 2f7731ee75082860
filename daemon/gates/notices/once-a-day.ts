import type { Clock } from "../../time/clock.ts";

export const dayMs = 86_400_000;

/**
 * Reports a sentence, unless one about the same thing was reported less than a day ago. Things are options
 * and servers.
 */
export type SayOnceADay = (thing: string, sentence: string) => void;

export function createOnceADay(clock: Clock, say: (sentence: string) => void): SayOnceADay {
  const saidAt = new Map<string, number>();
  return (thing, sentence) => {
    const now = clock.elapsed();
    const last = saidAt.get(thing);
    if (last !== undefined && now - last < dayMs) return;
    saidAt.set(thing, now);
    say(sentence);
  };
}
