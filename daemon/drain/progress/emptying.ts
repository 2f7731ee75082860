/**
 * The end of a drain: no pod remains and none has come for a while, and the volumes of those that went are
 * detached; then pods of DaemonSets are stopped where they are to be. Pure.
 */

import { quietMs } from "../estimate.ts";
import type { DrainEventOf, DrainRequest, DrainRules, Instant } from "./events.ts";
import { awaitedTier, awaitsOthers, type Change, changed, type Ledger } from "./ledger.ts";

export interface Emptying {
  /** Claims of the node's pods, "namespace/name", and whether only pods that go use them here. */
  readonly claims: ReadonlyMap<string, boolean>;
  /** When the last pod came that has to go; in milliseconds of `clock.elapsed()`. */
  readonly newestAt: number;
  readonly isDetaching: boolean;
  readonly attached: readonly string[];
  /** Nothing else remains, so that pods of DaemonSets may be stopped. */
  readonly mayStop: boolean;
  /** Since when nothing remains to wait for. */
  readonly emptyAt: number | undefined;
}

export function notEmpty(now: Instant): Emptying {
  return {
    claims: new Map(),
    newestAt: now.elapsed,
    isDetaching: false,
    attached: [],
    mayStop: false,
    emptyAt: undefined,
  };
}

/** The claims of pods that go or stay. */
export function withClaims(
  emptying: Emptying,
  uses: readonly { claims: readonly string[]; goes: boolean }[],
): Emptying {
  const used = uses.flatMap(({ claims, goes }) => claims.map((claim) => ({ claim, goes })));
  if (used.length === 0) return emptying;
  const claims = new Map(emptying.claims);
  for (const { claim, goes } of used) claims.set(claim, goes && claims.get(claim) !== false);
  return { ...emptying, claims };
}

export function onDetached(emptying: Emptying, { claims }: DrainEventOf<"detached">): Emptying {
  const rest = [...emptying.claims].filter(([claim]) => !claims.includes(claim));
  return { ...emptying, isDetaching: false, attached: [], claims: new Map(rest) };
}

/** Strikes out pods that have been terminating for long. `nextAt`: when the next one has. */
export function skipLongDeleted(
  ledger: Ledger,
  { skipWaitForDeleteMs }: DrainRules,
  now: Instant,
): { ledger: Ledger; nextAt: number } {
  let nextAt = Number.POSITIVE_INFINITY;
  if (skipWaitForDeleteMs === 0) return { ledger, nextAt };
  const changes: Change[] = [];
  for (const [uid, { pod }] of ledger.pods) {
    // The deletion timestamp is the time at which the grace ends.
    const since = pod.metadata?.deletionTimestamp;
    if (since === undefined) continue;
    const leftMs = Date.parse(since) + skipWaitForDeleteMs + 1 - now.epoch;
    if (leftMs <= 0) changes.push([uid, undefined]);
    else nextAt = Math.min(nextAt, now.elapsed + leftMs);
  }
  return { ledger: changed(ledger, changes), nextAt };
}

/**
 * Whether the drain has ended, and how it gets there: `nextAt`: when to look again. A pod that comes
 * afterwards takes the end back.
 */
export function endWhereEmpty(
  emptying: Emptying,
  ledger: Ledger,
  { volumeTimeoutMs }: DrainRules,
  now: Instant,
): { emptying: Emptying; requests: readonly DrainRequest[]; nextAt: number } {
  const nextAt = Number.POSITIVE_INFINITY;
  if (awaitsOthers(ledger)) {
    return { emptying: { ...emptying, mayStop: false, emptyAt: undefined }, requests: [], nextAt };
  }
  const areStopped = awaitedTier(ledger) < 0;
  if (emptying.isDetaching || (areStopped ? emptying.emptyAt !== undefined : emptying.mayStop)) {
    return { emptying, requests: [], nextAt };
  }
  const quietAt = emptying.newestAt + quietMs;
  if (now.elapsed < quietAt) return { emptying, requests: [], nextAt: quietAt };
  const claims = [...emptying.claims].filter(([, isFree]) => isFree).map(([claim]) => claim);
  if (claims.length === 0 || volumeTimeoutMs === 0) {
    const emptyAt = areStopped ? now.elapsed : undefined;
    return { emptying: { ...emptying, mayStop: true, emptyAt }, requests: [], nextAt };
  }
  const until = now.elapsed + volumeTimeoutMs;
  return {
    emptying: { ...emptying, isDetaching: true },
    requests: [{ do: "detach", claims, until }],
    nextAt,
  };
}
