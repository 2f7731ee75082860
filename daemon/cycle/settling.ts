/** The end of a cycle with a proved reboot, and of any that has not failed. Pure. */
import { iso } from "../time/iso.ts";
import { type Context, type Decision, look, phase, released, save, wait } from "./decision.ts";
import { type CycleRecord, idleAfter } from "./record.ts";

export function settling(record: CycleRecord, context: Context): Decision {
  const { policy, now } = context;
  const until = Date.parse(record.since) + policy.lockReleaseDelayMs;
  if (now < until) return wait("waiting for --lock-release-delay", until);
  // The slot goes back before the record forgets that there may be one.
  return (
    released(record, context, "node uncordoned; releasing the slot", record.outcome) ?? ended(record, context)
  );
}

/** Ends a cycle that did not fail. A need that outlived it is counted on, one that has gone is forgotten. */
export function ended(cycle: CycleRecord, { seen, now }: Context): Decision {
  if (seen.need === undefined) return look("need");
  const record = { ...cycle, leftAt: iso(now) };
  const why = record.outcome?.message ?? "the cycle has ended";
  if (seen.need.state === "not-needed") return save(idleAfter(record, now), why);
  return save({ ...phase(record, "Waiting", now), attempt: 0, reasons: [], tookMs: undefined }, why);
}
