import {
  type Condition,
  type Conditions,
  type ConditionType,
  conditionTable,
} from "../annotations/conditions.ts";
import type { Observation } from "../cycle/observation.ts";
import { type CycleRecord, isAtRest, isInCycle, type Reason } from "../cycle/record.ts";
import { cut } from "../text/cut.ts";
import { oneLine } from "../text/one-line.ts";
import { requiredText } from "./required-text.ts";

/** The limit of a message in the API is 32 KiB; a table of kubectl shows one line. */
const messageMaxChars = 1024;

/** The settings that the reasons depend on. */
export interface ConditionPolicy {
  /** Maintenance windows are configured. */
  hasWindow: boolean;
}

/**
 * The conditions of the Node with this record, as this pass has found it. A type that is missing is not known
 * now, and stays as it is. Messages change no more often than the record does. Pure.
 */
export function conditionsOf(
  record: CycleRecord,
  seen: Pick<Observation, "need" | "isDrained">,
  { hasWindow }: ConditionPolicy,
): Conditions {
  const { phase, reasons } = record;
  const required = requiredOf(record, seen);
  const isWaiting = required?.status === "True" && isAtRest(record);
  const window = reasons.find(({ gate }) => gate === "window");
  const why = hasWindow ? "MaintenanceWindow" : "AdminRequested";
  const isDrained = isDown(record) || (phase === "Draining" && seen.isDrained);
  const isDraining = phase === "Draining" && !record.announced && !isDrained;
  return {
    ...(required !== undefined && { RebootRequired: required }),
    RebootBlocked: (isWaiting && blockedBy(record)) || isNot("RebootBlocked", "nothing blocks a reboot"),
    MaintenancePlanned:
      isWaiting && hasWindow
        ? is("MaintenanceWindow", window?.message ?? "the maintenance window is open")
        : isNot("MaintenancePlanned", "no reboot waits for a maintenance window"),
    MaintenanceInProgress: isInCycle(record)
      ? is(why, "the node holds a slot for its reboot")
      : isNot("MaintenanceInProgress", "no reboot is in progress"),
    DrainInProgress: isDraining
      ? is(why, "the node is cordoned, and its pods are evicted")
      : isNot("DrainInProgress", "the node is not being drained"),
    Drained: isDrained
      ? is("DrainCompleted", "the drain is complete; the node is cordoned until it has rebooted")
      : isNot("Drained", "the node is not drained"),
  };
}

function blockedBy({ phase, reasons, outcome }: CycleRecord): Condition | undefined {
  const [first] = reasons;
  if (first !== undefined) return is(blockedReason(first), reasons.map(({ message }) => message).join("; "));
  if (phase !== "Failed") return undefined;
  return is("CycleFailed", `failed: ${outcome?.message ?? "for an unknown reason"}`);
}

/** The process that saw the drain may be gone: the record alone says it. */
function isDown({ phase }: CycleRecord): boolean {
  return phase === "Rebooting" || phase === "Returning";
}

/** Undefined where the host was not asked in this pass, and the record says nothing of a need. */
function requiredOf(record: CycleRecord, { need }: Pick<Observation, "need">): Condition | undefined {
  if (need?.state === "unknown")
    return condition("Unknown", "CannotTell", `cannot tell whether a reboot is needed: ${need.why}`);
  if (need?.state === "not-needed") return isNot("RebootRequired", "no reboot is needed");
  const needed = need ?? record.need;
  return needed === undefined ? undefined : is(requiredReason(needed), requiredText(needed));
}

interface Needed {
  source: string;
  reasons: readonly string[];
}

function requiredReason({ source, reasons }: Needed): string {
  if (source === "request") return "RebootRequested";
  if (source === "label") return "RequestedByLabel";
  if (source === "uptime") return "MaxUptime";
  if (source === "command") return "SentinelCommand";
  return reasons.length > 0 ? "PackagesUpdated" : "SentinelFile";
}

/** A reason in CamelCase: a gate with which its code begins is not repeated. */
export function blockedReason({ gate, code }: Pick<Reason, "gate" | "code">): string {
  const words = code.startsWith(`${gate}-`) ? code : `${gate}-${code}`;
  return words.replace(/(?:^|[^a-zA-Z0-9]+)([a-zA-Z0-9]?)/g, (_, letter: string) => letter.toUpperCase());
}

function is(reason: string, message: string): Condition {
  return condition("True", reason, message);
}

function isNot(type: ConditionType, message: string): Condition {
  return condition("False", conditionTable[type].otherwise, message);
}

function condition(status: Condition["status"], reason: string, message: string): Condition {
  return { status, reason, message: cut(oneLine(message), messageMaxChars) };
}
