/** What the promises read from the objects, with eyes of their own: an error in the daemon's reading is not repeated here. */
import { type Phase, phases } from "../../../daemon/cycle/record.ts";
import { at, fields, type KubeObject, list } from "../../kubernetes/api/object.ts";
import { locks, type StormLock } from "./locks.ts";

export interface Entry {
  nodeID: string;
  nodeUID?: string;
  created?: string;
  concurrency?: number;
}

export interface RecordOnNode {
  phase?: Phase;
  since?: string;
  failures?: number;
  bootID?: string;
  cordoned?: boolean;
  announced?: boolean;
  reboots?: number;
  slowGraceSeconds?: number;
  request?: string;
  reasons?: { gate: string; code: string; message: string }[];
  outcome?: { result: string; message: string };
}

export function daemonIn(user: string): string | undefined {
  return /^rebootd:(.+)$/.exec(user)?.[1];
}

export function isCordoned(node: KubeObject | undefined): boolean {
  return at(node, "spec", "unschedulable") === true;
}

export function isAnnotated(object: KubeObject | undefined, key: string): boolean {
  return object?.metadata.annotations?.[key] !== undefined;
}

/** Whether options in storms name it: of a label, or of the soft taint. */
export function isMark(key: string): boolean {
  return key.startsWith("test/") || key.includes("exclude-from");
}

export function isReady(node: KubeObject | undefined): boolean {
  return list(at(node, "status", "conditions")).some(
    (condition) => at(condition, "type") === "Ready" && at(condition, "status") === "True",
  );
}

/** Of what somebody has forged no more than can be understood. */
export function recordIn(node: KubeObject | undefined): RecordOnNode {
  const { phase, reasons, ...others } = fields(parsed(node?.metadata.annotations?.["rebootd.dev/cycle"]));
  return {
    ...others,
    ...(phases.includes(phase as Phase) && { phase: phase as Phase }),
    reasons: list(reasons) as { gate: string; code: string; message: string }[],
  };
}

/** Undefined where it is no JSON, null where there is none. */
export function parsed(value: string | undefined): unknown {
  try {
    return JSON.parse(value ?? "null");
  } catch {
    return undefined;
  }
}

const lockAnnotations = Object.values(locks).map(({ place }) => place.annotation);

/** The value of the lock on an object that may carry it. */
export function lockIn(lockObject: KubeObject | undefined): string | undefined {
  const annotations = lockObject?.metadata.annotations ?? {};
  return lockAnnotations.map((name) => annotations[name]).find((value) => value !== undefined);
}

/** How many nodes have failed in a row, with their reboot or before it; more than any limit where that cannot be read. */
export function failuresIn(lease: KubeObject | undefined): { reboots: number; drains: number } {
  const failures = parsed(lease?.metadata.annotations?.["rebootd.dev/failures"] ?? "[]");
  if (!Array.isArray(failures)) return { reboots: Number.MAX_VALUE, drains: Number.MAX_VALUE };
  const drains = failures.filter((one) => at(one, "during") === "drain").length;
  return { reboots: failures.length - drains, drains };
}

/** Whose slots people have taken away. */
export function unlockedIn(lockObject: KubeObject | undefined): readonly string[] {
  return list(parsed(lockObject?.metadata.annotations?.["rebootd.dev/unlocked"])).map((one) =>
    String(at(one, "node")),
  );
}

export function isUnreadable(lease: KubeObject | undefined): boolean {
  try {
    JSON.parse(lockIn(lease) ?? "{}");
    return false;
  } catch {
    return true;
  }
}

/** Entries of the lock, whoever has made them. */
export function entriesIn(lease: KubeObject | undefined): Entry[] {
  if (isUnreadable(lease)) return [];
  const value = fields(JSON.parse(lockIn(lease) ?? "{}"));
  const entries = Array.isArray(value["locks"]) ? value["locks"] : [value];
  return entries.filter((entry): entry is Entry => typeof at(entry, "nodeID") === "string");
}

/** People write no `created`. */
export function isHolder({ created }: Entry): boolean {
  return created !== undefined;
}

/** Which of the locks of storms this object is, if any. */
export function lockNamed(resource: string, key: string): StormLock | undefined {
  return Object.values(locks).find((lock) => lock.resource === resource && lock.key === key);
}
