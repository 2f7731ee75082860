/**
 * A pod that may take longer to end than the drain may last: a drain that fails on it has evicted all others
 * for nothing. Pure.
 */
import type { Pod } from "../cluster/objects.ts";
import { toTheSecond } from "../time/iso.ts";
import type { Escalation } from "./escalation.ts";
import type { Finding } from "./finding.ts";

interface GraceFacts {
  slowGraceSeconds?: number | undefined;
  escalation: Pick<Escalation, "drainTimeoutMs">;
}

/**
 * A pod that is already terminating is waited for before the start. A long grace alone keeps no node from
 * starting, as most pods use up little of theirs (databases have half an hour or an hour); but once a pod has
 * outlasted a drain here, pods with as long a grace do, so that long jobs are not ended again and again for a
 * drain that cannot succeed.
 * `graceSeconds`: the time that the pod may still take; `slowGraceSeconds`: the shortest grace with which one
 * has outlasted a drain.
 */
export function findLongGrace(
  pod: Pod,
  graceSeconds: number,
  { slowGraceSeconds = Number.POSITIVE_INFINITY, escalation }: GraceFacts,
): Finding | undefined {
  const { drainTimeoutMs } = escalation;
  if (graceSeconds * 1000 <= drainTimeoutMs) return undefined;
  const limit = `--drain-timeout (${drainTimeoutMs / 1000}s)`;
  const { deletionTimestamp } = pod.metadata ?? {};
  if (deletionTimestamp !== undefined) {
    const end = Date.parse(deletionTimestamp);
    const until = end - drainTimeoutMs;
    const why = `is already terminating and may take until ${toTheSecond(end)}, longer than ${limit}`;
    const message = `${why}; no drain starts before ${toTheSecond(until)}`;
    return { code: "ending-late", message, blocks: true, until };
  }
  const grace = `has a grace period of ${graceSeconds}s, longer than ${limit}`;
  if (graceSeconds < slowGraceSeconds) {
    const message = `${grace}; the drain fails if the pod uses it up`;
    return { code: "long-grace", message, blocks: false };
  }
  const remedy = "raise --drain-timeout, or request one more try with rebootd reboot";
  const outlasted = `a pod with a grace period of ${slowGraceSeconds}s has outlasted a drain here`;
  return { code: "long-grace", message: `${grace}, and ${outlasted}; ${remedy}`, blocks: true };
}
