import { type Conditions, type ConditionType, conditionTypes } from "../annotations/conditions.ts";
import { type Api, isApiError } from "../cluster/api.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { CyclePorts } from "../cycle/ports.ts";
import { grownMs } from "../time/backoff.ts";
import { createBucket } from "../time/bucket.ts";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";
import { toTheSecond } from "../time/iso.ts";
import { type ConditionPolicy, conditionsOf } from "./conditions.ts";

/** A sentence alone, with other names or numbers in it, is written no more often. */
const rewordMs = 60_000;
/** The cycle waits no longer for a write. */
const deadlineMs = 2000;
/** A cycle has three writes. Two daemons of one node that find different things would else write without end. */
const limits = { burst: 6, refillMs: 30_000 };
const pauses = { firstMs: 5000, maxMs: 30 * 60_000 };
const neverFailed = { times: 0, until: Number.NEGATIVE_INFINITY, text: "" };

export interface ConditionOptions {
  api: Api;
  clock: Clock;
  nodeName: string;
  /** False removes the conditions instead. */
  isOn: boolean;
  policy: ConditionPolicy;
  /** Called once for each kind of failure, until a write succeeds. */
  onFault: (error: unknown) => void;
}

/** The writer of the own Node's conditions: on change only, best effort. */
export function createNodeConditions(options: ConditionOptions): CyclePorts["showConditions"] {
  const { api, clock, nodeName, isOn, policy, onFault } = options;
  let rewordAt = Number.NEGATIVE_INFINITY;
  let failures = neverFailed;
  const take = createBucket(clock, limits);

  return async (record, seen, carried, signal) => {
    const now = clock.elapsed();
    if (now < failures.until) return undefined;
    const wanted = conditionsOf(record, seen, policy);
    const changed = isOn ? changedFrom(carried, wanted, now >= rewordAt) : carried;
    if (Object.keys(changed).length === 0 || !take()) return undefined;
    const conditions = isOn ? itemsOf(changed, carried, clock.wall()) : removed(changed);
    try {
      const node = await withDeadline(clock, deadlineMs, signal, "writing the conditions", (inner) =>
        api.strategicPatch<WholeNode>(
          paths.nodeStatus(nodeName),
          { status: { conditions } },
          { signal: inner },
        ),
      );
      failures = neverFailed;
      rewordAt = now + rewordMs;
      return node;
    } catch (error) {
      signal.throwIfAborted();
      const text = (error as Error).message;
      if (text !== failures.text && !isApiError(error, "not-granted")) onFault(error);
      const times = failures.times + 1;
      failures = { times, until: clock.elapsed() + grownMs(times, pauses), text };
      return undefined;
    }
  };
}

/**
 * The conditions that are to be written. One that was never True need not be there, but for RebootRequired, so
 * that `kubectl wait --for=condition=RebootRequired=false` ends on each node. `mayReword`: messages too.
 */
function changedFrom(carried: Conditions, wanted: Conditions, mayReword: boolean): Conditions {
  const changed = conditionTypes.flatMap((type) => {
    const next = wanted[type];
    const before = carried[type];
    if (next === undefined) return [];
    const isNews =
      before === undefined
        ? type === "RebootRequired" || next.status !== "False"
        : next.status !== before.status ||
          (next.status !== "False" &&
            (next.reason !== before.reason || (mayReword && next.message !== before.message)));
    return isNews ? [[type, next] as const] : [];
  });
  return Object.fromEntries(changed);
}

/**
 * Items of a strategic merge patch, which leaves other conditions alone. The time of transition moves only
 * with the status. Times of the core API have no fractions.
 */
function itemsOf(changed: Conditions, before: Conditions, now: number): object[] {
  const time = toTheSecond(now);
  return Object.entries(changed).map(([type, next]) => ({
    type,
    ...next,
    lastHeartbeatTime: time,
    ...(before[type as ConditionType]?.status !== next.status && { lastTransitionTime: time }),
  }));
}

function removed(conditions: Conditions): object[] {
  return Object.keys(conditions).map((type) => ({ type, $patch: "delete" }));
}
