/** Reads again and again, in place of a watch for which the right is missing. */
import { type BackoffLimits, backoffMs } from "../time/backoff.ts";
import type { Clock, Random } from "../time/clock.ts";
import type { Metadata } from "./objects.ts";

export interface Poll {
  /** The path of the one object that is followed; without it, the list is repeated. */
  object?: string;
  /** The pauses, longer each time that nothing has changed; asked again while a pause lasts. */
  pauses: () => BackoffLimits;
  /** Called after each read. */
  onRead?: () => void;
}

/** A pause ends within this time when its limits get shorter. */
const tickMs = 30_000;

/** The states that were read, and the pauses between the reads. */
export function createReads(clock: Clock, random: Random) {
  let last: string | undefined;
  let sameReads = 0;
  return {
    /** Takes the state that was read; true if it is another one than before. */
    isNews(state: string): boolean {
      const isChanged = state !== last;
      sameReads = isChanged ? 0 : sameReads + 1;
      last = state;
      return isChanged;
    },
    async awaitNext({ pauses }: Poll, signal: AbortSignal): Promise<void> {
      const began = clock.elapsed();
      const share = random();
      const leftMs = () => began + backoffMs(sameReads + 1, pauses(), () => share) - clock.elapsed();
      for (let ms = leftMs(); ms > 0 && !signal.aborted; ms = leftMs()) {
        await clock.sleep(Math.min(Math.ceil(ms), tickMs), signal).catch(() => {});
      }
    },
  };
}

/** Tells one state of an object from another. */
export function stateText({ metadata }: { metadata?: Pick<Metadata, "uid" | "resourceVersion"> }): string {
  return `${metadata?.uid}/${metadata?.resourceVersion}`;
}
