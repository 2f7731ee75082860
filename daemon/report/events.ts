import type { Phase } from "../cycle/record.ts";
import { refusalText } from "../cycle/refused.ts";
import type { Overdue } from "../lock/overdue.ts";

export type EventType = "Normal" | "Warning";

/** An event, ready to be sent. */
export interface Event {
  type: EventType;
  reason: EventReason;
  note: string;
}

interface EventRow {
  type: EventType;
  /** The type after a failed cycle, if it is another one. */
  typeAfterFailure?: EventType;
  /** The condition for the event, for docs/reference/events.md. */
  when: string;
  /** Makes the note from the facts. */
  note: (facts: never) => string;
}

const decided = (why: string) => why;

/** An event for each phase that a node enters. */
const phaseTable = {
  Idle: { type: "Normal", when: "the cycle is over and the slot is released", note: decided },
  Waiting: { type: "Normal", when: "a reboot is required, and a gate or the lock delays it", note: decided },
  Draining: { type: "Normal", when: "the node is cordoned and its drain starts", note: decided },
  Rebooting: { type: "Normal", when: "the reboot is requested", note: decided },
  Returning: {
    type: "Normal",
    when: "the boot ID has changed, and the node is not in service yet",
    note: decided,
  },
  Settling: { type: "Normal", when: "the node is uncordoned, and still holds its slot", note: decided },
  Restoring: {
    type: "Normal",
    typeAfterFailure: "Warning",
    when: "the cycle ends before the reboot, and the node is restored",
    note: decided,
  },
  Failed: { type: "Warning", when: "the cycle has failed, and the node backs off", note: decided },
} as const satisfies Record<Phase, EventRow>;

/** Every event that rebootd writes, by its reason. docs/reference/events.md lists the same rows. */
export const eventTable = {
  ...phaseTable,
  Overdue: {
    type: "Warning",
    when: "the node was asked to reboot and did not return in time",
    note: decided,
  },
  HolderOverdue: {
    type: "Warning",
    when: "another node holds a slot for longer than a cycle takes, and is NotReady",
    note: ({ node, heldSince, notReadySince }: Overdue) =>
      `${node} has held a slot since ${heldSince}, longer than a cycle takes, and is NotReady` +
      `${notReadySince === undefined ? "" : ` since ${notReadySince}`}; it will not return by itself; ` +
      `see rebootd explain ${node}, or release its slot with rebootd unlock ${node}`,
  },
  OrphanRemoved: {
    type: "Warning",
    when: "the lock had an entry of a node that no longer exists",
    note: (nodes: readonly string[]) =>
      `removed ${nodes.join(", ")} from the lock: the cluster has no such Node any more`,
  },
  NotUnderstood: {
    type: "Warning",
    when: "an annotation has an invalid value, or a key that nothing reads",
    note: (fault: string) => fault,
  },
  WriteRefused: {
    type: "Warning",
    when: "the API server refuses what rebootd writes on its own Node",
    note: ({ what, why }: { what: "record" | "marks"; why: string }) =>
      what === "marks"
        ? refusalText(why)
        : `the API server refuses the record of this node, so no cycle can start or continue: ${why}`,
  },
  RecordDoubted: {
    type: "Warning",
    when: "the record on the Node is unreadable or forged; at most one event in 10 minutes",
    note: (fault: string) => `rejected the record on the Node: ${fault}`,
  },
} as const satisfies Record<string, EventRow>;

export type EventReason = keyof typeof eventTable;

type FactsOf<R extends EventReason> = Parameters<(typeof eventTable)[R]["note"]>[0];

/** The event with this reason, and its note made from the facts. */
export function eventOf<R extends EventReason>(reason: R, facts: FactsOf<R>, hasFailed = false): Event {
  const { type, typeAfterFailure = type, note }: EventRow = eventTable[reason];
  return { type: hasFailed ? typeAfterFailure : type, reason, note: note(facts as never) };
}
