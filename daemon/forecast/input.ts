import type { Policy } from "../cycle/decision.ts";
import type { NodeFacts } from "../cycle/observation.ts";
import type { CycleRecord } from "../cycle/record.ts";
import type { WindowSettings } from "../gates/window.ts";
import type { LockObjectState } from "../lock/lock-object.ts";
import type { LockOptions } from "../lock/store.ts";

/** A cluster at one moment: all that a forecast knows. */
export interface ForecastInput {
  /** The moment; milliseconds since the epoch. */
  at: number;
  lock: LockObjectState;
  nodes: readonly ForecastNode[];
  /** The kinds of daemons: one for each DaemonSet. */
  daemons: readonly ForecastDaemon[];
  /** "namespace/name" of critical static pods of control-plane nodes that are not Ready. */
  podsDown?: readonly string[];
}

export interface ForecastNode {
  name: string;
  facts: NodeFacts;
  /** Undefined before the daemon has written one. */
  record: CycleRecord | undefined;
  /** The name of its kind of daemon; undefined where none should run on it. */
  daemon: string | undefined;
  /** Why its daemon does nothing at present, such as "no rebootd pod on it"; undefined where it works. */
  trouble?: string | undefined;
}

/** Daemons with the same options. */
export interface ForecastDaemon {
  /** Such as "kube-system/rebootd". */
  name: string;
  policy: Policy;
  window: WindowSettings;
  lock: Pick<
    LockOptions,
    | "concurrency"
    | "maxPerZone"
    | "maxPerPool"
    | "poolLabel"
    | "maxUnavailable"
    | "minIntervalMs"
    | "haltAfter"
    | "ttlMs"
  >;
  /** Options whose values are not known, so that their defaults count. */
  unknown?: readonly string[];
}

export interface ForecastOptions {
  /** When the forecast begins, with the cluster as it is in the input; milliseconds since the epoch. */
  from: number;
  days: number;
  /** Takes each node for one that needs a reboot from the beginning. */
  ifAllNeed?: boolean;
}

/** The longest forecast: the calendar of windows reaches little further. */
export const daysMax = 366;
export const daysDefault = 30;
