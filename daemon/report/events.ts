import type { CycleRecord } from "../cycle/record.ts";
import { refusalText } from "../cycle/refused.ts";
import { partNames } from "../cycle/took.ts";
import type { Overdue } from "../lock/overdue.ts";
import { durationText } from "../time/duration.ts";
import { requiredText } from "./required-text.ts";

/** An object other than the own Node that an event is about. */
export interface About {
  kind: "Pod" | "PodDisruptionBudget";
  namespace: string;
  name: string;
  uid: string | undefined;
}

/** An event, ready to be written. */
export interface Event {
  /** Level of the log line with the same words. */
  level: EventLevel;
  reason: EventReason;
  /** The daemon's work at that moment. */
  action: string;
  note: string;
  /** The own Node unless it says otherwise. */
  about?: About;
  /** Events about one object with the same reason and topic are repeats, whatever the numbers in the notes. */
  topic?: string;
  /** Another event has just said it: this one is logged and counted, and costs no request. */
  isImplied?: true;
}

type EventLevel = "info" | "warn" | "error";

interface EventRow {
  /** An `info` is an event of type Normal, the others are Warnings. */
  level: EventLevel;
  action: string;
  /** The kinds of objects, if not only the own Node. */
  on?: string;
  /** The condition for the event, for docs/reference/events.md. */
  when: string;
  /** Makes the note from the facts. */
  note: (facts: never) => string;
}

const decided = (why: string) => why;

/**
 * Every event that rebootd writes, by its reason: the same name is the field `event` of the log, and a label
 * of `rebootd_events_total`. docs/reference/events.md lists the same rows.
 */
export const eventTable = {
  RebootRequired: {
    level: "info",
    action: "CheckingNeed",
    when: "a need for a reboot has appeared; the note names its cause",
    note: requiredText,
  },
  RebootBlocked: {
    level: "info",
    action: "Waiting",
    when: "a reboot is required, and gates or the lock hold the node back, for other reasons than before",
    note: decided,
  },
  RebootsHalted: {
    level: "warn",
    action: "AwaitingSlot",
    when: "the node waits, and sees that reboots are halted after failures; once for each halt",
    note: decided,
  },
  DrainStarted: {
    level: "info",
    action: "Draining",
    when: "the slot is acquired, and the node is to be cordoned and drained",
    note: decided,
  },
  DrainHeldUp: {
    level: "warn",
    action: "Evicting",
    on: "Node, Pod, PodDisruptionBudget",
    when: "pods have delayed the drain for more than 90 seconds; each pod and each budget once in a drain",
    note: decided,
  },
  DrainFailed: {
    level: "error",
    action: "EndingDrain",
    when: "the drain has failed; the note names the pods that remain and the budgets that refuse",
    note: decided,
  },
  Restored: {
    level: "info",
    action: "Restoring",
    when: "the cycle has ended before the reboot, and the node is as it was found; not written after DrainFailed",
    note: decided,
  },
  Rebooting: { level: "info", action: "RequestingReboot", when: "the reboot is requested", note: decided },
  Rebooted: {
    level: "info",
    action: "ProvingReboot",
    when: "the boot ID has changed, or systemd has counted a soft reboot; the note says which, and how long wait, drain and boot took",
    note: tookText,
  },
  NotReturned: {
    level: "error",
    action: "AwaitingReturn",
    when: "the node was asked to reboot and did not return in time",
    note: decided,
  },
  Returned: {
    level: "info",
    action: "Uncordoning",
    when: "the node is uncordoned and in service; the note says how long each part of the cycle took",
    note: tookText,
  },
  CycleDone: {
    level: "info",
    action: "ReleasingSlot",
    on: "–",
    when: "the cycle is over without a failure, and the slot is released",
    note: decided,
  },
  CycleFailed: {
    level: "error",
    action: "BackingOff",
    when: "the cycle has failed; the node backs off; written after DrainFailed only where the node has given up",
    note: decided,
  },
  HolderOverdue: {
    level: "error",
    action: "WatchingHolders",
    when: "another node holds a slot for longer than a cycle takes, and is NotReady",
    note: ({ node, heldSince, notReadySince }: Overdue) =>
      `${node} has held a slot since ${heldSince}, longer than a cycle takes, and is NotReady` +
      `${notReadySince === undefined ? "" : ` since ${notReadySince}`}; it will not return by itself; ` +
      `see rebootd explain ${node}, or release its slot with rebootd unlock ${node}`,
  },
  LockOrphanRemoved: {
    level: "warn",
    action: "CleaningLock",
    when: "the lock had an entry of a node that no longer exists",
    note: (nodes: readonly string[]) =>
      `removed ${nodes.join(", ")} from the lock: the cluster has no such Node any more`,
  },
  ConfigRejected: {
    level: "error",
    action: "ReadingConfig",
    when: "the configuration file was changed, and is invalid; the daemon goes on with the options that it had",
    note: (why: string) =>
      `the new configuration file is rejected, and the options stay as they were: ${why}`,
  },
  AnnotationInvalid: {
    level: "warn",
    action: "ReadingAnnotations",
    when: "an annotation has an invalid value, or a key that nothing reads",
    note: (fault: string) => `an annotation is not understood: ${fault}`,
  },
  WriteRefused: {
    level: "error",
    action: "WritingNode",
    when: "the API server refuses what rebootd writes on its own Node",
    note: ({ what, why }: { what: "record" | "marks"; why: string }) =>
      what === "marks"
        ? refusalText(why)
        : `the API server refuses the record of this node, so no cycle can start or continue: ${why}`,
  },
  RecordRejected: {
    level: "warn",
    action: "ReadingRecord",
    when: "the record on the Node is unreadable or forged; at most one event in 10 minutes",
    note: (fault: string) => `rejected the record on the Node: ${fault}`,
  },
  OtherRebootManager: {
    level: "warn",
    action: "LookingForOthers",
    when: "another program that may reboot the node without the lock was noticed some minutes after the start of the daemon",
    note: ({ name, does, fix }: { name: string; does: string; fix: string }) =>
      `another program may reboot this node without the lock: ${name} ${does}; ${fix}`,
  },
} as const satisfies Record<string, EventRow>;

export type EventReason = keyof typeof eventTable;
export const eventReasons = Object.keys(eventTable) as EventReason[];

type FactsOf<R extends EventReason> = Parameters<(typeof eventTable)[R]["note"]>[0];

/** The event with this reason, and its note made from the facts. */
export function eventOf<R extends EventReason>(
  reason: R,
  facts: FactsOf<R>,
  more: Pick<Event, "about" | "topic" | "isImplied"> = {},
): Event {
  const { level, action, note }: EventRow = eventTable[reason];
  return { level, reason, action, note: note(facts as never), ...more };
}

export function typeOf(level: EventLevel): "Normal" | "Warning" {
  return level === "info" ? "Normal" : "Warning";
}

/** A change of phase, as two records. */
export interface PhaseChange {
  from: CycleRecord;
  to: CycleRecord;
  why: string;
}

/** The sentence, and how long the parts of the cycle took that are over. */
function tookText({ to, why }: PhaseChange): string {
  const parts = partNames.flatMap((part) => {
    const ms = to.tookMs?.[part];
    return ms === undefined ? [] : [`${part} ${durationText(Math.round(ms / 1000))}`];
  });
  return parts.length === 0 ? why : `${why}; ${parts.join(", ")}`;
}

const implied = { isImplied: true } as const;

/** The events of a change of phase. Phases between cycles are no events of their own. */
export function eventsOfChange(change: PhaseChange): Event[] {
  const { from, to, why } = change;
  switch (to.phase) {
    case "Draining":
      return [eventOf("DrainStarted", why)];
    case "Rebooting":
      return [eventOf("Rebooting", why)];
    case "Returning":
      return [eventOf("Rebooted", change)];
    case "Settling":
      return [eventOf("Returned", change)];
    case "Restoring": {
      const { during, message } = to.outcome ?? {};
      if (during !== "drain" || message === undefined) return [eventOf("Restored", why)];
      return [eventOf("DrainFailed", message), eventOf("Restored", why, implied)];
    }
    case "Failed": {
      // A node that gave up has a reason, which is news.
      const isSame = to.outcome?.during === "drain" && to.reasons.length === 0;
      return [eventOf("CycleFailed", why, isSame ? implied : {})];
    }
    case "Idle":
    case "Waiting":
      return from.phase === "Settling" || from.phase === "Restoring"
        ? [eventOf("CycleDone", why, implied)]
        : [];
  }
}
