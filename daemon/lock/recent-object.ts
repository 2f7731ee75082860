import type { Clock } from "../time/clock.ts";
import { holdersOf, parseLock } from "./lock.ts";

/** The part of the object that the lock needs. */
interface Stored {
  metadata?: { resourceVersion?: string; annotations?: Record<string, string> };
}

/**
 * The object with the lock as the server has answered last. A write names its version, so what is written on it is
 * refused where somebody else has written since, and then it is read.
 */
export interface RecentObject<T extends Stored> {
  /** An answer to a request that was begun then, by `clock.elapsed()`. */
  keep(object: T | undefined, asked: number): void;
  /** A write is begun: nobody knows what there is until its answer. */
  forget(): void;
  /** The watch has shown this version. */
  shown(version: string | undefined): void;
  justNow(): T | undefined;
  /** The object, if others have most probably not written it since. */
  toWriteOn(): T | undefined;
}

const justNowMs = 1000;
/**
 * A lock with one holder at most is written by nobody else, but for people, unless others wait for it, too: then
 * the watch has shown their writes.
 */
const aloneMs = 60_000;

export function createRecentObject<T extends Stored>(clock: Clock, annotation: string): RecentObject<T> {
  let last: { object: T; asked: number } | undefined;
  let isWriting = false;
  let othersWroteAt = Number.NEGATIVE_INFINITY;
  const within = (ms: number) =>
    last !== undefined && clock.elapsed() - last.asked < ms ? last.object : undefined;
  const isShared = ({ metadata }: T) => holdersOf(parseLock(metadata?.annotations?.[annotation])).length > 1;

  return {
    keep(object, asked) {
      last = object && { object, asked };
      isWriting = false;
    },
    forget() {
      last = undefined;
      isWriting = true;
    },
    shown(version) {
      if (isWriting || version === last?.object.metadata?.resourceVersion) return;
      last = undefined;
      othersWroteAt = clock.elapsed();
    },
    justNow: () => within(justNowMs),
    toWriteOn() {
      const isContended = clock.elapsed() - othersWroteAt < aloneMs;
      const object = isContended ? undefined : within(aloneMs);
      return object !== undefined && isShared(object) ? undefined : object;
    },
  };
}
