/**
 * The knowledge of this process about its cycle, beside the record. Anybody who may annotate the Node can
 * write a record, so each step depends on observations of this process. State and event in, new state out.
 * Pure.
 */
import type { Need } from "../host/need/need.ts";
import type { Ask, NodeFacts, UserspaceSeen } from "./observation.ts";
import { isOfThisBoot } from "./reboot-kind.ts";
import { type CycleRecord, isAtRest, shifted } from "./record.ts";

/** Moments are of `clock.elapsed()`. */
export interface Evidence {
  /** The record as it was found or written last; it may be doubted by now. */
  record?: CycleRecord | undefined;
  /** The kernel's, as the last pass has read it. */
  bootID?: string | undefined;
  /** The answer to the last look at it. */
  userspace?: UserspaceSeen | undefined;
  /** The fate of the request to reboot that the record names. */
  ask?: Ask | undefined;
  /** The node was seen drained in this cycle. */
  isDrained: boolean;
  /**
   * A dry run of all that a cycle writes has succeeded, since the last cycle and since the last refusal.
   * Policies and rights change seldom, and each write meets them again.
   */
  isRehearsed: boolean;
  readySince?: number | undefined;
  /** The time of that change by the Node itself, so that a break between two reads is noticed. */
  readyChangedAt?: string | undefined;
  neededSince?: number | undefined;
  /** `low`: the reboot may wait for those of other nodes. */
  urgency?: "low" | undefined;
  /** The total time without a server when the phase began; milliseconds. */
  unreachableBeforeMs: number;
}

export type Event =
  | { type: "boot-read"; bootID: string }
  | { type: "userspace-seen"; userspace: UserspaceSeen }
  | { type: "need-checked"; need: Need; at: number }
  | { type: "node-read"; node: NodeFacts; at: number }
  /** The record was read or written. */
  | { type: "record"; record: CycleRecord; unreachableMs: number }
  /** A write of this record is begun; its answer may be lost. */
  | { type: "writing"; record: CycleRecord }
  | { type: "rehearsed"; isRefused: boolean }
  | { type: "asked"; ask: Ask | undefined }
  | { type: "clock-set"; byMs: number };

export const noEvidence: Evidence = { isDrained: false, isRehearsed: false, unreachableBeforeMs: 0 };

export function evidenceAfter(before: Evidence, event: Event): Evidence {
  switch (event.type) {
    case "boot-read":
      return { ...before, bootID: event.bootID };
    case "userspace-seen":
      return { ...before, userspace: event.userspace };
    case "need-checked":
      return {
        ...before,
        neededSince: event.need.state === "needed" ? (before.neededSince ?? event.at) : undefined,
        urgency: event.need.state === "needed" ? event.need.urgency : undefined,
      };
    case "node-read": {
      const isReady = event.node.ready && isOfThisBoot(event.node, before);
      const { readyChangedAt } = event.node;
      const isSame = readyChangedAt === before.readyChangedAt;
      const since = isSame ? (before.readySince ?? event.at) : event.at;
      return { ...before, readySince: isReady ? since : undefined, readyChangedAt };
    }
    case "record":
      return withRecord(before, event.record, event.unreachableMs);
    case "writing":
      // An empty node has led to the reboot, even if the answer is lost.
      return before.record?.phase === "Draining" && event.record.phase === "Rebooting"
        ? { ...before, isDrained: true }
        : before;
    case "rehearsed":
      return { ...before, isRehearsed: !event.isRefused };
    case "asked":
      return { ...before, ask: event.ask };
    case "clock-set":
      // A phase whose beginning is set with the clock is still the same.
      return before.record === undefined ? before : { ...before, record: shifted(before.record, event.byMs) };
  }
}

/** Knowledge of the phase before ends with that phase. */
function withRecord(before: Evidence, next: CycleRecord, unreachableMs: number): Evidence {
  const { record } = before;
  // A phase that this process has found has begun before it: all the time without a server is within that.
  const isNewPhase = record !== undefined && (record.phase !== next.phase || record.since !== next.since);
  return {
    ...before,
    record: next,
    unreachableBeforeMs: isNewPhase ? unreachableMs : before.unreachableBeforeMs,
    isRehearsed: before.isRehearsed && isAtRest(next),
    ...(next.phase !== "Rebooting" && { ask: undefined, isDrained: false }),
  };
}

/**
 * Tells whether a drain goes on with the next record. Pods may have come while the node was uncordoned:
 * then it starts again.
 */
export function keepsDrain(before: CycleRecord | undefined, next: CycleRecord): boolean {
  return (
    next.phase === "Draining" && before?.phase === "Draining" && next.cordonedAgain === before.cordonedAgain
  );
}
