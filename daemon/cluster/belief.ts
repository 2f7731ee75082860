import type { Clock, Random } from "../time/clock.ts";
import { isLaterVersion } from "./api.ts";

/**
 * The last known state of an object in the cluster, with its version and its age.
 *
 * A GET without a resourceVersion returns a state that is at least as new as the start of the request
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list), so only a read
 * renews the trust. A watch may be late, silent, or served by an API server that lags behind: a newer state
 * from it counts, but renews no trust.
 */
export interface Belief<T> {
  /** Undefined if no state is known, or if the known one is too old to be trusted. */
  value(): T | undefined;
  /** The last known state, at any age. */
  last(): T | undefined;
  /** The time until the state is no longer trusted, in milliseconds. */
  trustedMs(): number;
  /**
   * Takes the result of a read that began at `askedAt`, by `clock.elapsed()`. False if a newer state is
   * known.
   */
  read(value: T, version: string | undefined, askedAt: number): boolean;
  /** Takes a state from a watch, or from the answer to a write. False if a newer state is known. */
  shown(value: T, version: string | undefined): boolean;
  /** Shortens the trust to at most this time from now. */
  trustAtMost(ms: number): void;
}

/**
 * The trust in a state after its watch has broken: one to two minutes, drawn at random. A server that ends
 * the watches of thousands of nodes must not get the reads of all of them at once.
 */
export function brokenTrustMs(random: Random): number {
  return 60_000 * (1 + random());
}

export function createBelief<T>(clock: Clock, trustMs: number): Belief<T> {
  let known: { value: T; version: string | undefined; heardAt: number } | undefined;
  let trustedUntil = Number.NEGATIVE_INFINITY;

  function learn(value: T, version: string | undefined): true {
    known = { value, version, heardAt: clock.elapsed() };
    return true;
  }

  return {
    value: () => (clock.elapsed() < trustedUntil ? known?.value : undefined),
    last: () => known?.value,
    trustedMs: () => Math.max(0, Math.ceil(trustedUntil - clock.elapsed())),
    read(value, version, askedAt) {
      const isOverheard = known !== undefined && askedAt < known.heardAt;
      if (isOverheard && isLaterVersion(known?.version, version)) return false;
      trustedUntil = askedAt + trustMs;
      return learn(value, version);
    },
    shown: (value, version) => !isLaterVersion(known?.version, version) && learn(value, version),
    trustAtMost(ms) {
      trustedUntil = Math.min(trustedUntil, clock.elapsed() + ms);
    },
  };
}
