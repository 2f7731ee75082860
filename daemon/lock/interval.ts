import { toTheSecond } from "../time/iso.ts";
import type { CycleEnd } from "./failures.ts";
import type { Holder } from "./lock.ts";
import type { LockRefusal } from "./refusal.ts";

/**
 * The least time between two reboots of the cluster (`--min-interval`): from the return of one node to the start
 * of the next, and with several slots also between two starts. The last return is a time beside the lock. Pure.
 */

/** The writer's clock may be ahead by so much; a time that is further ahead is a mistake, and does not count. */
const skewMaxMs = 60 * 60_000;

/** The annotation's time in milliseconds since the epoch; undefined where there is none, or no time. */
export function parseLastReboot(annotation: string | undefined): number | undefined {
  const at = Date.parse(annotation ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** A failed cycle counts too, unless the machine was never requested to reboot. */
export function countsAsReboot({ result, during }: CycleEnd): boolean {
  return result === "rebooted" || (result === "failed" && during === undefined);
}

/** The refusal while the time since the last return, or the last start of these holders, is too short. */
export function tooSoon(
  others: readonly Holder[],
  lastRebootAt: number | undefined,
  minIntervalMs: number | undefined,
  now: number,
): LockRefusal<"lock-interval"> | undefined {
  if (minIntervalMs === undefined) return undefined;
  const starts = others.map(({ created }) => parseLastReboot(created));
  const times = [lastRebootAt, ...starts].filter((at) => at !== undefined && at <= now + skewMaxMs);
  const until = Math.max(...(times as number[])) + minIntervalMs;
  if (!(now < until)) return undefined;
  const message = `--min-interval has not passed since the last reboot; a node may start at ${toTheSecond(until)}`;
  return { gate: "lock", code: "lock-interval", message, until };
}
