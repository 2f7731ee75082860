/**
 * Judges a record that this process has neither written nor found when it started. Anybody who may annotate
 * the Node can write one, and so does another daemon of this node, or a restore of etcd: it may lead back,
 * but not past what this process has seen. Pure.
 */
import type { CycleRecord, Phase } from "./record.ts";

export interface Judged {
  record: CycleRecord;
  /** Why the Node is to carry another one again; undefined where it may stand. */
  fault?: string;
}

const busy: readonly Phase[] = ["Draining", "Rebooting", "Returning"];
/** Each stands on something that was seen: an empty node, another boot, a node that is Ready. */
const seenPhases: readonly Phase[] = ["Rebooting", "Returning", "Settling"];

/**
 * `known`: as this process remembers it. `found`: as the Node carries it. `isCordoned`: whether the Node is,
 * and `wasCordoned`, when it was read last.
 */
export function judgeForeign(
  known: CycleRecord,
  found: CycleRecord,
  { isCordoned, wasCordoned }: { isCordoned: boolean; wasCordoned: boolean },
): Judged {
  if (found.phase === known.phase)
    return { record: { ...found, ...evidenceOf(known), since: earlier(known, found) } };
  const isAhead = seenPhases.includes(found.phase);
  if (!busy.includes(known.phase)) return isAhead ? undone(found) : { record: begunNow(found) };
  // Another daemon of this node has uncordoned it.
  if (!isCordoned && known.phase === "Returning" && found.phase === "Settling") return { record: found };
  // Its machine may go down at any moment.
  const isDown = known.phase === "Rebooting" && known.askedAt !== undefined;
  if (isAhead || isDown) {
    const fault = `somebody else has written that this node is ${found.phase}, but it is ${known.phase}`;
    // A restore brings the cordon of an earlier cycle back together with the record that says so.
    const isRestored = found.cordoned && isCordoned && !wasCordoned;
    return { record: isRestored ? { ...known, cordoned: true } : known, fault };
  }
  // Another daemon has uncordoned the node, and a cordon that is there may be a person's by now.
  return { record: found };
}

/** At rest, with marks that are to be taken off. */
function undone(found: CycleRecord): Judged {
  const fault = `somebody else has written that this node is ${found.phase}: what the cycle has done to it is undone`;
  const outcome = { result: "withdrawn", at: found.since, message: fault } as const;
  return { record: { ...found, phase: "Waiting", outcome }, fault };
}

/**
 * A cycle that another daemon of this node has begun, under the boot that runs: a reboot is proved from
 * now on.
 */
function begunNow(found: CycleRecord): CycleRecord {
  return found.phase === "Draining" ? { ...found, bootID: undefined, softReboots: undefined } : found;
}

/** The fields that prove a reboot and the request for it. */
function evidenceOf({ bootID, softReboots, askedAt, attempt }: CycleRecord) {
  return { bootID, softReboots, askedAt, attempt };
}

/** A deadline is not put off. */
function earlier(known: CycleRecord, found: CycleRecord): string {
  return Date.parse(known.since) < Date.parse(found.since) ? known.since : found.since;
}
