/** Pods that would come back: which of them are not evicted, but go down with the machine. Pure. */

import type { Pod } from "../../cluster/objects.ts";
import { backoffMs } from "../../time/backoff.ts";
import type { PodReason } from "../select.ts";
import { type DrainRequest, type DrainRules, type Instant, type Judged, uidOf } from "./events.ts";
import type { Entry } from "./ledger.ts";

/** The knowledge of a drain about a controller, or anything else that makes pods on this node. */
interface Maker {
  /** When the first of its pods was evicted here, by the server's clock; milliseconds since the epoch. */
  evictedAt: number | undefined;
  /** How many of its pods came after the list and were evicted all the same, and when the next one may be. */
  late: number;
  lateAt: number;
  /** How many of its pods were reported to stay. */
  reported: number;
}

export interface Makers {
  readonly known: ReadonlyMap<string, Maker>;
  /** UIDs of the pods that go down with the machine. */
  readonly staying: ReadonlySet<string>;
}

export const noMakers: Makers = { known: new Map(), staying: new Set() };

/**
 * Pods that were bound before the cordon and are seen late are few; more of one controller are evicted
 * slowly, and then no more.
 */
const late = { max: 8, firstMs: 1000, maxMs: 30_000 };
/** How many pods of one controller are reported to stay. */
const reportedMax = 10;

/**
 * A pod that its maker would put back again and again is not evicted, whatever the cordon was for: it was
 * made after one like it was evicted here, or after a cordon that does not keep it away. A pod that was there
 * before is evicted once.
 */
export function whyItStays(
  makers: Makers,
  { pod, maker, tie, createdAt }: Judged,
  { cordonedAtByServer }: DrainRules,
): readonly PodReason[] | undefined {
  const { evictedAt, late: evictedLate } = makerIn(makers, maker);
  const isBack = evictedAt !== undefined && !(createdAt < evictedAt);
  if (isBack || evictedLate >= late.max || makers.staying.has(uidOf(pod))) return ["came-back", "goes-down"];
  if (tie !== undefined && createdAt >= wholeSecond(cordonedAtByServer)) return [tie, "goes-down"];
  return undefined;
}

/** The precision of the server's times. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** A pod stays. It is reported where it should have gone, once. */
export function noteStay(
  makers: Makers,
  { pod, maker }: Judged,
  reasons: readonly PodReason[],
): { makers: Makers; requests: readonly DrainRequest[] } {
  const uid = uidOf(pod);
  if (!reasons.includes("goes-down") || makers.staying.has(uid)) return { makers, requests: [] };
  const before = makerIn(makers, maker);
  const next = withMaker(makers, maker, { ...before, reported: before.reported + 1 });
  return {
    makers: { ...next, staying: new Set(makers.staying).add(uid) },
    requests: before.reported < reportedMax ? [{ do: "report", what: "stays", pod, reasons }] : [],
  };
}

/** A pod that came after the list is evicted, at `at`: one like it after the other. */
export function noteLate(makers: Makers, maker: string, now: Instant): { makers: Makers; at: number } {
  const before = makerIn(makers, maker);
  const at = Math.max(now.elapsed, before.lateAt);
  const times = before.late + 1;
  const lateAt = at + backoffMs(times, late, () => 0);
  return { makers: withMaker(makers, maker, { ...before, late: times, lateAt }), at };
}

/**
 * A pod is terminating. The server notes when its grace ends. `pod`: as the server showed it last; where its
 * end was missed (`isGone` without a deletion timestamp), whatever its maker puts here has come back.
 */
export function noteEviction(makers: Makers, entry: Entry, pod: Pod | undefined, isGone: boolean): Makers {
  if (!entry.isRequested) return makers;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = { ...entry.pod.metadata, ...pod?.metadata };
  if (deletionTimestamp === undefined && !isGone) return makers;
  const before = makerIn(makers, entry.maker);
  if (before.evictedAt !== undefined) return makers;
  const endsAt = deletionTimestamp === undefined ? 0 : Date.parse(deletionTimestamp);
  const evictedAt = endsAt - deletionGracePeriodSeconds * 1000;
  return withMaker(makers, entry.maker, { ...before, evictedAt });
}

export function withoutStaying(makers: Makers, uids: readonly string[]): Makers {
  if (!uids.some((uid) => makers.staying.has(uid))) return makers;
  return { ...makers, staying: new Set([...makers.staying].filter((uid) => !uids.includes(uid))) };
}

function makerIn({ known }: Makers, maker: string): Maker {
  return known.get(maker) ?? { evictedAt: undefined, late: 0, lateAt: 0, reported: 0 };
}

function withMaker(makers: Makers, maker: string, known: Maker): Makers {
  return { ...makers, known: new Map(makers.known).set(maker, known) };
}
