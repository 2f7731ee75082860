import type { CycleRecord } from "./record.ts";
import type { Seen } from "./seen.ts";

/** The settings that the order of things depends on. Times in milliseconds. */
export interface Policy {
  drainTimeoutMs: number;
  rebootDelayMs: number;
  rebootTimeoutMs: number;
  rebootAttempts: number;
  maxRebootsPerNeed: number;
  readySettleMs: number;
  readyTimeoutMs: number;
  lockReleaseDelayMs: number;
  /** How soon closed gates that nobody reports on are asked again. */
  gateRecheckMs: number;
}

/** The next thing to do, as data. */
export type Action =
  /** See this too, then decide again within the same pass. */
  | { do: "look"; at: "need" | "node" | "lock" | "gates" }
  /** Nothing to do until something happens, or until then. `slot`: a free slot is something that happens. */
  | { do: "wait"; until?: number; slot?: true }
  | { do: "acquire" }
  | { do: "release" }
  /** One patch of the Node: the record, and the cordon with it where one is named. */
  | { do: "save"; record: CycleRecord; cordon?: "set" | "clear" }
  | { do: "drain"; deadline: number }
  | { do: "reboot"; attempt: number };

export interface Decision {
  action: Action;
  /** The sentence that explains it. */
  why: string;
}

export function nodeGone(policy: Policy, now: number): Decision {
  return {
    action: { do: "wait", until: now + policy.gateRecheckMs },
    why: "the cluster has no Node of this name",
  };
}

export function look(at: Extract<Action, { do: "look" }>["at"]): Decision {
  return { action: { do: "look", at }, why: `look at the ${at}` };
}

export function save(record: CycleRecord, why: string, cordon?: "set" | "clear"): Decision {
  return { action: cordon === undefined ? { do: "save", record } : { do: "save", record, cordon }, why };
}

export function phase(record: CycleRecord, next: CycleRecord["phase"], now: number): CycleRecord {
  return { ...record, phase: next, since: iso(now) };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Gives back the slot, and whatever else bears this node's name; undefined once there is nothing left of it. */
export function released(seen: Seen, why: string): Decision | undefined {
  if (seen.lock === undefined) return look("lock");
  return seen.lock.held || seen.lock.remains ? { action: { do: "release" }, why } : undefined;
}
