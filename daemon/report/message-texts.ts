import type { CycleRecord } from "../cycle/record.ts";
import type { MessageKind } from "../notify/message.ts";
import type { TemplateFacts } from "../notify/template.ts";
import { oneLine } from "../text/one-line.ts";
import { durationText } from "../time/duration.ts";
import type { Event, EventReason } from "./events.ts";
import { requiredText } from "./required-text.ts";
import { runbookOf } from "./runbooks.ts";

interface MessageRow {
  kind: MessageKind;
  /** In a few words, about this node. */
  title: (node: string) => string;
  /** The alert whose page says what to do. */
  alert?: `Rebootd${string}`;
  /** Not sent again while its cause lasts, also by another process. */
  isOnce?: true;
}

/** The events that are messages. Those about the whole cluster are sent by one node alone. */
export const messageTable: Readonly<Partial<Record<EventReason, MessageRow>>> = {
  DrainStarted: { kind: "started", title: (node) => `${node} is about to be drained` },
  Rebooting: { kind: "rebooting", title: (node) => `${node} reboots` },
  Returned: { kind: "done", title: (node) => `${node} is back` },
  Restored: { kind: "restored", title: (node) => `${node} is restored without a reboot` },
  DrainFailed: {
    kind: "failed",
    title: (node) => `the drain of ${node} has failed`,
    alert: "RebootdNodeFailed",
  },
  CycleFailed: {
    kind: "failed",
    title: (node) => `the reboot of ${node} has failed`,
    alert: "RebootdNodeFailed",
  },
  NotReturned: {
    kind: "failed",
    title: (node) => `${node} has not returned`,
    alert: "RebootdNodeNotBack",
    isOnce: true,
  },
  WriteRefused: {
    kind: "failed",
    title: (node) => `the API server refuses what rebootd writes on ${node}`,
    alert: "RebootdErrors",
  },
  RebootBlocked: {
    kind: "blocked",
    title: (node) => `${node} still waits for its reboot`,
    alert: "RebootdBlocked",
    isOnce: true,
  },
  HolderOverdue: {
    kind: "overdue",
    title: () => "a node holds a slot and does not return",
    alert: "RebootdNodeNotBack",
  },
  RebootsHalted: { kind: "halted", title: () => "reboots are halted", alert: "RebootdHalted" },
  LockOrphanRemoved: { kind: "orphan", title: () => "an entry of a node that is gone was in the lock" },
};

/** The page that says what to do about the event. */
export function runbookFor(reason: string): string | undefined {
  const alert = messageTable[reason as EventReason]?.alert;
  return alert === undefined ? undefined : runbookOf(alert);
}

/** The facts that templates can name. Pure. */
export function factsOf(
  { reason, note }: Pick<Event, "reason" | "note">,
  { need, tookMs = {} }: Pick<CycleRecord, "need" | "tookMs">,
  { node, cluster, now }: { node: string; cluster: string; now: number },
): TemplateFacts {
  const { drain = 0, boot = 0, return: back = 0 } = tookMs;
  const tookAllMs = reason === "Returned" ? drain + boot + back : undefined;
  const neededMs = need === undefined ? undefined : now - Date.parse(need.since);
  const ms = tookAllMs ?? neededMs;
  const reasons = need === undefined ? "" : oneLine(need.reasons.join(", "));
  const isAboutNeed = need !== undefined && needsCause.has(reason);
  return {
    node,
    cluster,
    event: reason,
    reasons,
    duration: ms === undefined ? "" : durationText(Math.round(ms / 1000)),
    text: oneLine(note) + (isAboutNeed ? `\n${oneLine(requiredText(need))}` : ""),
    runbook: runbookFor(reason) ?? "",
  };
}

/** Messages that name the cause of the reboot on a line of its own. */
const needsCause: ReadonlySet<EventReason> = new Set(["DrainStarted", "RebootBlocked"]);
