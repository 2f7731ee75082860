/** The reboot, from its record to its proof. The machine is asked at most once for each drain. Pure. */
import { count } from "../text/count.ts";
import { iso } from "../time/iso.ts";
import {
  type Context,
  type Decision,
  keptSlot,
  look,
  lookAtGates,
  phase,
  save,
  soonest,
  wait,
} from "./decision.ts";
import { proofOf, unknownText } from "./reboot-kind.ts";
import type { CycleRecord } from "./record.ts";
import { restore } from "./restoring.ts";
import { confirm, countsFromNow } from "./right.ts";
import { tookAlso } from "./took.ts";

const proofTexts = {
  full: "the boot ID has changed; the machine has rebooted",
  soft: "systemd has counted another soft reboot under the same boot ID; the machine has soft-rebooted",
} as const;

/** The time in the record may be so much before the request. */
const askedAgeMaxMs = 60_000;

export function rebooting(record: CycleRecord, context: Context): Decision {
  const { seen, now } = context;
  if (record.bootID === undefined) return countsFromNow(record, seen);
  const proof = proofOf(record, seen);
  if (proof === "look") return look("userspace");
  if (proof === "full" || proof === "soft") {
    const tookMs = tookAlso(record.tookMs, "boot", Date.parse(record.since), now);
    const softReboots = proof === "soft" ? record.softReboots : undefined;
    const next = { ...phase(record, "Returning", now), softReboots, tookMs };
    return save(next, proofTexts[proof]);
  }
  const unknown = proof === "none" ? undefined : unknownText(proof);
  if (record.askedAt === undefined || seen.ask?.result === "unsent")
    return unknown === undefined ? toBeAsked(record, context) : restore(record, "failed", unknown, context);
  if (seen.ask?.result === "refused") return restore(record, "failed", seen.ask.why, context);
  return asked(record, record.askedAt, unknown, context);
}

/** The step that cannot be undone. Everything that it stands on was seen in this very pass. */
function toBeAsked(record: CycleRecord, context: Context): Decision {
  const { seen, now } = context;
  const right = confirm(record, context);
  if ("lost" in right) return right.lost;
  if (!seen.isDrained) {
    // The record may be of a process before this one, or anybody's. An empty node is drained in no time.
    const why = "only the record says that the node is drained; draining it again";
    return drainAgain({ ...record, attempt: Math.max(0, record.attempt - 1) }, why, now);
  }
  if (seen.gates === undefined) return lookAtGates("reboot");
  const [closed] = seen.gates.closed;
  if (closed !== undefined) return restore(record, "withdrawn", closed.message, context);
  // A record of a moment ago that no request has followed need not be written again.
  const isRecent = now - Date.parse(record.askedAt ?? "") < askedAgeMaxMs;
  const askedAt = isRecent ? record.askedAt : iso(now);
  return {
    action: { do: "reboot", record: { ...record, askedAt } },
    why: `slot, cordon, need and gates confirmed; ${record.softReboots === undefined ? "" : "soft-"}rebooting`,
  };
}

function drainAgain(record: CycleRecord, why: string, now: number): Decision {
  return save({ ...phase(record, "Draining", now), askedAt: undefined }, why);
}

/**
 * The machine may go down at any moment: the node is down, whatever the lock or the API say, until it is
 * seen not to go.
 */
function asked(
  record: CycleRecord,
  askedAt: string,
  unknown: string | undefined,
  context: Context,
): Decision {
  const { seen, policy, now } = context;
  const kept = keptSlot(context);
  if (kept !== undefined) return kept;
  const due = Date.parse(askedAt) + policy.rebootTimeoutMs;
  const recheckAt = now + policy.gateRecheckMs;
  if (now < due) return wait("waiting for the machine to go down", soonest(due, recheckAt));
  if (seen.shutdown === undefined) return look("shutdown");
  if (seen.shutdown === "under-way") {
    const why = "the machine has been going down for longer than --reboot-timeout; it keeps its slot";
    return { ...wait(why, recheckAt), overdue: true };
  }
  const verb = record.softReboots === undefined ? "reboot" : "soft-reboot";
  const stillUp = `asked to ${verb} ${times(record.attempt)}, but ${unknown ?? "the machine is still up"}`;
  if (record.attempt >= policy.rebootAttempts) return restore(record, "failed", stillUp, context);
  // The machine may never have been asked, and pods may have come: bound before the cordon, or by somebody
  // who ignores it.
  return drainAgain(
    record,
    `${stillUp}; draining newly scheduled pods, then requesting the reboot again`,
    now,
  );
}

function times(number: number): string {
  return number === 1 ? "once" : count(number, "time");
}
