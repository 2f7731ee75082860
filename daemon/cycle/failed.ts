/**
 * A node that has failed, or whose cycle was cancelled: for how long it backs off, and when only a person
 * lets it try again. Pure.
 */
import type { Closed } from "../gates/reasons.ts";
import { count } from "../text/count.ts";
import { grownMs } from "../time/backoff.ts";
import { iso, toTheSecond } from "../time/iso.ts";
import { type Context, type Decision, phase, save, wait } from "./decision.ts";
import { reported } from "./reasons.ts";
import type { CycleRecord } from "./record.ts";
import { isRequestAlone } from "./request.ts";
import { saveBetweenCycles } from "./waiting.ts";

const backoffMaxMs = 3_600_000;
/**
 * The back-off after so many unsuccessful cycles in a row. A failure may be transient. A cancelled cycle
 * mostly waits for its reason to change anyway, and two tools that undo each other must not go on for ever.
 */
const backoffs = {
  failed: { firstMs: 60_000, maxMs: backoffMaxMs },
  withdrawn: { firstMs: 2 * 60_000, maxMs: backoffMaxMs, factor: 5 },
};
const untilAsked = "run 'rebootd resume NODE' or 'rebootd reboot NODE' to try again";

/** The node backs off, or, after too many failures, does not try again; it says so. */
export function failed(record: CycleRecord, why: string, { policy, now }: Context): Decision {
  const next = { ...phase(record, "Failed", now), leftAt: iso(now), reasons: [], tookMs: undefined };
  if (!isGivenUp(record, policy.maxFailuresPerNode)) return save(next, why);
  const message = `gave up after ${count(record.failures, "failure")} in a row; ${untilAsked}`;
  const closed = { gate: "failures", code: "given-up", message, since: iso(now) } as const satisfies Closed;
  return save({ ...next, ...reported([closed], now) }, `${why}; ${message}`);
}

/** Tells whether only a person lets the node try again. */
function isGivenUp({ failures }: CycleRecord, maxFailuresPerNode: number): boolean {
  return maxFailuresPerNode > 0 && failures >= maxFailuresPerNode;
}

/**
 * When a node tries again after a cycle that did not succeed; milliseconds since the epoch. Undefined
 * where none came before.
 */
export function backsOffUntil({
  phase,
  since,
  failures,
  withdrawals,
  outcome,
}: CycleRecord): number | undefined {
  if (phase === "Failed") return Date.parse(since) + grownMs(failures, backoffs.failed);
  if (outcome?.result !== "withdrawn" || withdrawals === 0) return undefined;
  return Date.parse(outcome.at) + grownMs(withdrawals, backoffs.withdrawn);
}

/** Why a needed reboot is not even tried now; a request that is not accepted yet may change that. */
export function backingOff(
  record: CycleRecord,
  acceptAt: number | undefined,
  context: Context,
): Decision | undefined {
  const { policy, now } = context;
  if (record.reboots >= policy.maxRebootsPerNeed) {
    const why = `still requires a reboot after ${count(record.reboots, "confirmed reboot")}; another one would not help`;
    return record.phase === "Failed"
      ? wait(why, acceptAt)
      : saveBetweenCycles(record, phase(record, "Failed", now), { why }, context);
  }
  const last = record.outcome?.message ?? "unknown why";
  if (record.phase === "Failed" && isGivenUp(record, policy.maxFailuresPerNode)) {
    const why = `gave up after ${count(record.failures, "failure")} (${last}); ${untilAsked}`;
    return { ...wait(why, acceptAt), reasons: record.reasons };
  }
  const until = backsOffUntil(record);
  if (record.phase !== "Failed" || until === undefined || now >= until) return undefined;
  const why = `backing off after ${count(record.failures, "failure")} (${last}); next attempt at ${toTheSecond(until)}`;
  return wait(why, Math.min(until, acceptAt ?? until));
}

export interface Pause {
  closed: Closed;
  until: number;
}

/** The back-off after a cancelled cycle is one more reason that holds the node back. */
export function cancelledPause(record: CycleRecord, now: number): Pause | undefined {
  const until = backsOffUntil(record);
  if (record.phase === "Failed" || until === undefined || now >= until) return undefined;
  const last = record.outcome?.message;
  const message = `backing off after a cancelled cycle (${last}); next attempt at ${toTheSecond(until)}`;
  return { closed: { gate: "rest", code: "withdrawn", message }, until };
}

/** Nothing but a request asks for the reboot, so soon after the last one that was asked for. */
export function requestPause(
  { need, request }: CycleRecord,
  acceptAt: number | undefined,
): Pause | undefined {
  if (acceptAt === undefined || !isRequestAlone(need) || request !== undefined) return undefined;
  const message = `another request was accepted less than an hour ago; this one will be accepted at ${toTheSecond(acceptAt)}, or at once with 'rebootd reboot NODE'`;
  return { closed: { gate: "rest", code: "requested", message }, until: acceptAt };
}
