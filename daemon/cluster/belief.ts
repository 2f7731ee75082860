import type { Clock, Random } from "../time/clock.ts";
import { isLaterVersion } from "./api.ts";

/**
 * What is remembered of an object in the cluster, with the version that it had and an age.
 *
 * A single GET that names no version answers with a state that is at least as new as the moment at which it was asked
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list), so only a read renews the trust. A
 * watch may be late, silent or behind another server: what it shows counts where it is newer, and is not believed for ever.
 */
export interface Belief<T> {
  /** Undefined where nothing is known, or where it is too old to be believed. */
  value(): T | undefined;
  /** The same, however old. */
  last(): T | undefined;
  /** For how many milliseconds more it is believed. */
  trustedMs(): number;
  /** From a read that was begun at that moment of `clock.elapsed()`. False where something newer is known already. */
  read(value: T, version: string | undefined, askedAt: number): boolean;
  /** From a watch, or the answer to a write. False where something newer is known already. */
  shown(value: T, version: string | undefined): boolean;
  /** From now on it is believed no longer than so. */
  fade(ms: number): void;
}

/**
 * What a watch has shown is believed for so long once it has broken: a minute, and up to another, as a server that ends the
 * watches of thousands of nodes is not to be asked by all of them at one time.
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
    fade(ms) {
      trustedUntil = Math.min(trustedUntil, clock.elapsed() + ms);
    },
  };
}
